// The runtime of Node 24: promises and values only.
'use strict';
const channel = require('./channel');
const errors = require('./errors');
const logs = require('./logs');
const stream = require('./stream');
const context = require('./context');

const deprecated =
  'ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to use ' +
  'a supported handler signature to use Node.js 24 or later. For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.';

function check(handler) {
  if (!stream.isStreaming(handler) && handler.length >= 3) {
    throw errors.fault('Runtime.CallbackHandlerDeprecated', deprecated, true);
  }
}

class BufferedInvokeProcessor {
  constructor(handler) {
    this.handler = handler;
  }

  async answer(event, made) {
    const result = await this.handler(event, made);
    try {
      const body = JSON.stringify(result === undefined ? null : result);
      return { head: ['application/json', ''], body: body === undefined ? 'null' : body };
    } catch (_) {
      throw errors.fault('Runtime.JSONStringifyError', 'Unable to stringify response body', true);
    }
  }
}

class StreamingInvokeProcessor {
  constructor(handler) {
    this.handler = handler;
  }

  async answer(event, made) {
    const { stream: written, error } = await stream.respond(this, event, made);
    const head = [written.contentType, 'streaming'];
    if (error !== undefined) {
      const described = errors.describe(error);
      logs.failure('Invoke Error', error);
      head.push(described.errorType, JSON.stringify(described));
    }
    return { head, body: '' };
  }
}

async function serve(handler) {
  const processor = stream.isStreaming(handler) ? new StreamingInvokeProcessor(handler) : new BufferedInvokeProcessor(handler);
  process.on('exit', channel.flush);
  for (;;) {
    const frame = channel.next();
    if (frame === null) process.exit(0);
    const id = frame.head[0];
    logs.state.requestId = id;
    logs.state.tenantId = frame.head[6];
    if (frame.head[3]) process.env._X_AMZN_TRACE_ID = frame.head[3];
    else delete process.env._X_AMZN_TRACE_ID;
    try {
      const { head, body } = await processor.answer(JSON.parse(frame.body), context.modern(frame.head));
      channel.answer(channel.kinds.RESPONSE, [id, ...head], body);
    } catch (error) {
      const described = errors.describe(error);
      logs.failure('Invoke Error', errors.logged(error));
      channel.send(channel.kinds.ERROR, [id, described.errorType], JSON.stringify(described));
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

module.exports = { check, serve };
