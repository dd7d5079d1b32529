// Frames to and from the host, over descriptor 3 (see the Go package
// runtimeapi). Reading blocks the whole process: between calls nothing runs, as
// in an environment that Lambda has frozen.
'use strict';
const fs = require('fs');

const FD = 3;
const HEADER = 12;
const kinds = { START: 1, EVENT: 2, NEXT: 3, RESPONSE: 4, ERROR: 5, INIT_ERROR: 6, CHUNK: 7 };

const pause = new Int32Array(new SharedArrayBuffer(4));

function again(call) {
  for (;;) {
    try {
      return call();
    } catch (e) {
      if (e.code === 'EAGAIN') Atomics.wait(pause, 0, 0, 1);
      else if (e.code !== 'EINTR') throw e;
    }
  }
}

function read(n) {
  const buffer = Buffer.allocUnsafe(n);
  for (let have = 0; have < n; ) {
    const got = again(() => fs.readSync(FD, buffer, have, n - have, null));
    if (got === 0) return null;
    have += got;
  }
  return buffer;
}

function receive() {
  const header = read(HEADER);
  if (header === null) return null;
  const headLength = header.readUInt32BE(4);
  const rest = read(headLength + header.readUInt32BE(8));
  if (rest === null) return null;
  return { kind: header[0], head: rest.toString('utf8', 0, headLength).split('\0'), body: rest.subarray(headLength) };
}

function send(kind, head = [], body = '') {
  const headBytes = Buffer.from(head.join('\0'));
  const bodyBytes = Buffer.isBuffer(body) ? body : Buffer.from(body);
  const header = Buffer.alloc(HEADER);
  header[0] = kind;
  header.writeUInt32BE(headBytes.length, 4);
  header.writeUInt32BE(bodyBytes.length, 8);
  const frame = Buffer.concat([header, headBytes, bodyBytes]);
  for (let sent = 0; sent < frame.length; ) {
    sent += again(() => fs.writeSync(FD, frame, sent, frame.length - sent));
  }
}

module.exports = { kinds, receive, send };
