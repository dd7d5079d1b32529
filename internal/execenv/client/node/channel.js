// Frames to and from the host, over descriptor 3 (see the Go package
// runtimeapi). Reading blocks the whole process: between calls nothing runs, as
// in an environment that Lambda has frozen.
'use strict';
const fs = require('fs');

const FD = 3;
const HEADER = 12;
const kinds = { START: 1, EVENT: 2, NEXT: 3, RESPONSE: 4, ERROR: 5, INIT_ERROR: 6, CHUNK: 7 };

// Most frames fit in these, which are used again and again.
const SIZE = 64 << 10;
const inbox = Buffer.allocUnsafeSlow(SIZE);
const outbox = Buffer.allocUnsafeSlow(SIZE);

const pause = new Int32Array(new SharedArrayBuffer(4));

function passing(e) {
  if (e.code === 'EAGAIN') Atomics.wait(pause, 0, 0, 1);
  else if (e.code !== 'EINTR') throw e;
}

// fill reads into a buffer, which has some bytes, until it has enough; false at the end.
function fill(buffer, have, enough) {
  while (have < enough) {
    try {
      const got = fs.readSync(FD, buffer, have, buffer.length - have, null);
      if (got === 0) return 0;
      have += got;
    } catch (e) {
      passing(e);
    }
  }
  return have;
}

const number = (b, at) => ((b[at] << 24) | (b[at + 1] << 16) | (b[at + 2] << 8) | b[at + 3]) >>> 0;

function setNumber(b, at, n) {
  b[at] = n >>> 24;
  b[at + 1] = n >>> 16;
  b[at + 2] = n >>> 8;
  b[at + 3] = n;
}

// receive returns the next frame, or null at the end. The host sends one and waits for what it brings.
function receive() {
  const have = fill(inbox, 0, HEADER);
  if (have === 0) return null;
  const at = HEADER + number(inbox, 4);
  const end = at + number(inbox, 8);
  let frame = inbox;
  if (end > SIZE) {
    frame = Buffer.allocUnsafeSlow(end);
    inbox.copy(frame, 0, 0, have);
  }
  if (have < end && fill(frame, have, end) === 0) return null;
  return { kind: frame[0], head: frame.utf8Slice(HEADER, at).split('\0'), body: frame.utf8Slice(at, end) };
}

// put writes a frame into a buffer and returns where it ends.
function put(b, start, kind, head, body) {
  const at = start + HEADER;
  b[start] = kind;
  b[start + 1] = b[start + 2] = b[start + 3] = 0;
  const headLength = head === '' ? 0 : b.utf8Write(head, at);
  let bodyLength = 0;
  if (typeof body !== 'string') bodyLength = body.copy(b, at + headLength);
  else if (body !== '') bodyLength = b.utf8Write(body, at + headLength);
  setNumber(b, start + 4, headLength);
  setNumber(b, start + 8, bodyLength);
  return at + headLength + bodyLength;
}

// send sends a frame, and with asks the request for the next event behind it.
function send(kind, head = [], body = '', asks = false) {
  const text = head.join('\0');
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) body = Buffer.from(body);
  const most = 2 * HEADER + 3 * text.length + (typeof body === 'string' ? 3 * body.length : body.length);
  const frame = most <= SIZE ? outbox : Buffer.allocUnsafeSlow(most);
  let end = put(frame, 0, kind, text, body);
  if (asks) end = put(frame, end, kinds.NEXT, '', '');
  for (let sent = 0; sent < end; ) {
    try {
      sent += fs.writeSync(FD, frame, sent, end - sent);
    } catch (e) {
      passing(e);
    }
  }
}

let waiting = null; // an answer

// answer sends what a call returned: at once if the function has something left
// to do, or else with the next request for an event, which follows soon.
function answer(kind, head, body) {
  if (process.getActiveResourcesInfo === undefined || process.getActiveResourcesInfo().length > 0) send(kind, head, body);
  else waiting = [kind, head, body];
}

// flush sends an answer that waits, because the process ends.
function flush() {
  if (waiting === null) return;
  const [kind, head, body] = waiting;
  waiting = null;
  send(kind, head, body);
}

// next asks for the next event and waits for it; null at the end.
function next() {
  if (waiting === null) {
    send(kinds.NEXT);
  } else {
    const [kind, head, body] = waiting;
    waiting = null;
    send(kind, head, body, true);
  }
  return receive();
}

module.exports = { kinds, receive, send, answer, flush, next };
