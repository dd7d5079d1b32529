// Response streaming: awslambda.streamifyResponse and HttpResponseStream.
'use strict';
const { Writable } = require('stream');
const channel = require('./channel');
const errors = require('./errors');

const streaming = Symbol.for('aws.lambda.runtime.handler.streaming');
const HTTP = 'application/vnd.awslambda.http-integration-response';

// A ResponseStream sends what a handler writes, at once.
class ResponseStream extends Writable {
  constructor(id, options) {
    super(options);
    this.id = id;
    this.begun = false;
    this.contentType = 'application/octet-stream';
  }

  setContentType(type) {
    if (this.begun) throw errors.fault('Runtime.InvalidStreamingOperation', 'Cannot set content-type, too late.', true);
    this.contentType = type;
  }

  write(chunk, ...rest) {
    if (typeof chunk !== 'string' && !Buffer.isBuffer(chunk) && !ArrayBuffer.isView(chunk)) chunk = JSON.stringify(chunk);
    return super.write(chunk, ...rest);
  }

  _write(chunk, _, done) {
    this.begun = true;
    channel.send(channel.kinds.CHUNK, [this.id, this.contentType], chunk);
    done();
  }
}

const HttpResponseStream = {
  from(stream, metadata) {
    stream.setContentType(HTTP);
    stream.write(JSON.stringify(metadata));
    stream.write(Buffer.alloc(8));
    return stream;
  },
};

function streamifyResponse(handler, options) {
  handler[streaming] = true;
  if (options && options.highWaterMark) handler.highWaterMark = parseInt(options.highWaterMark, 10);
  return handler;
}

const isStreaming = (handler) => Boolean(handler[streaming]);

// respond runs a streaming handler on object to the end of its stream.
async function respond(object, event, context) {
  const stream = new ResponseStream(context.awsRequestId, { highWaterMark: object.handler.highWaterMark || 64 * 1024 });
  const finished = new Promise((resolve, reject) => stream.once('finish', resolve).once('error', reject));
  finished.catch(() => {});
  try {
    const result = object.handler(event, stream, context);
    if (!result || typeof result.then !== 'function') {
      throw errors.fault('Runtime.InvalidStreamingOperation', 'Streaming does not support non-async handlers.', true);
    }
    if ((await result) !== undefined) console.warn('Streaming handlers ignore return values.');
    await finished;
    return { stream };
  } catch (error) {
    return { stream, error };
  }
}

module.exports = { streamifyResponse, HttpResponseStream, isStreaming, respond };
