// The runtime of Node 18 to 22: callbacks, and the loop that may run empty.
'use strict';
const channel = require('./channel');
const errors = require('./errors');
const logs = require('./logs');
const stream = require('./stream');
const context = require('./context');

const neverSettled =
  'The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never settled. ' +
  'For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes';

// A Call is one invocation until it is answered.
class Call {
  constructor(runtime, head) {
    this.runtime = runtime;
    this.id = head[0];
    this.context = null;
    this.answered = false;
    this.promised = false;
    this.held = null; // an answer that waits for the loop to run empty
  }

  callback(error, result, atOnce) {
    if (this.answered || this.held) return;
    let answer = () => this.succeed(result);
    if (error !== undefined && error !== null) {
      const logged = errors.logged(error); // its stack begins here
      answer = () => this.fail(error, logged);
    }
    if (!atOnce && this.context.callbackWaitsForEmptyEventLoop) this.held = answer;
    else answer();
  }

  // settle is callback for a promise, and for a loop that has run empty: nothing of the
  // handler is on the stack.
  settle(result) {
    if (!this.answered && !this.held) this.succeed(result, channel.answer);
  }

  succeed(result, send = channel.send) {
    if (this.answered) return;
    let body;
    try {
      body = JSON.stringify(result === undefined ? null : result);
    } catch (_) {
      this.fail(new Error('Unable to stringify response body'));
      return;
    }
    this.answered = true;
    send(channel.kinds.RESPONSE, [this.id, 'application/json', ''], body === undefined ? 'null' : body);
    this.runtime.next();
  }

  fail(error, logged = errors.logged(error)) {
    if (this.answered) return;
    this.answered = true;
    const described = errors.describe(error);
    logs.failure('Invoke Error', logged);
    channel.send(channel.kinds.ERROR, [this.id, described.errorType], JSON.stringify(described));
    this.runtime.next();
  }

  // The loop is empty.
  drained() {
    if (this.held) this.held();
    else if (this.promised) this.fail(errors.fault('Runtime.NodeJsExit', neverSettled));
    else this.settle(null);
  }
}

class Runtime {
  constructor(handler) {
    this.handler = handler;
    this.call = null;
    this.turn = () => {
      this.call = null;
      const frame = channel.next();
      if (frame === null) process.exit(0);
      this.invoke(frame);
    };
    process.on('beforeExit', () => this.call && !this.call.answered && this.call.drained());
  }

  next() {
    setImmediate(this.turn);
  }

  invoke({ head, body }) {
    const call = new Call(this, head);
    this.call = call;
    logs.state.requestId = head[0];
    logs.state.tenantId = head[6];
    if (head[3]) process.env._X_AMZN_TRACE_ID = head[3];
    else delete process.env._X_AMZN_TRACE_ID;
    try {
      const made = (call.context = context.legacy(head, call));
      const event = JSON.parse(body);
      if (stream.isStreaming(this.handler)) {
        stream.respond(this, event, made).then((outcome) => finishStream(this, call, outcome));
        return;
      }
      const result = this.handler(event, made, (error, value) => call.callback(error, value, false));
      if (result && typeof result.then === 'function') {
        call.promised = true;
        result.then(
          (value) => call.settle(value),
          (error) => call.callback(error === undefined || error === null ? 'handled' : error, undefined, true),
        );
      }
    } catch (error) {
      call.fail(error === undefined || error === null ? 'handled' : error);
    }
  }
}

function finishStream(runtime, call, { stream: written, error }) {
  call.answered = true;
  const head = [call.id, written.contentType, 'streaming'];
  if (error !== undefined) {
    const described = errors.describe(error);
    logs.failure('Invoke Error', error);
    head.push(described.errorType, JSON.stringify(described));
  }
  channel.send(channel.kinds.RESPONSE, head);
  runtime.next();
}

// watch reports what nobody caught, in init and in calls, and ends the process.
function watch(current) {
  process.on('exit', channel.flush);
  const end = (error, what, status) => {
    logs.failure(what, error);
    const described = errors.describe(error);
    const call = current();
    if (call && call.answered) process.exit(status);
    if (call) channel.send(channel.kinds.ERROR, [call.id, described.errorType], JSON.stringify(described));
    else channel.send(channel.kinds.INIT_ERROR, [described.errorType], JSON.stringify(described));
    process.exit(status);
  };
  process.on('uncaughtException', (error) => end(error, 'Uncaught Exception', 129));
  process.on('unhandledRejection', (reason, promise) => {
    const error = errors.fault('Runtime.UnhandledPromiseRejection', String(reason));
    error.reason = reason;
    error.promise = promise;
    end(error, 'Unhandled Promise Rejection', 128);
  });
}

module.exports = { Runtime, watch, finishStream };
