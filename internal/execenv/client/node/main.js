// hakone's runtime client for Node functions: takes one function and runs it
// until the host closes the channel. The process may be started before it is
// known which function it will run; the first frame says so.
'use strict';
const channel = require('./channel');
const errors = require('./errors');
const logs = require('./logs');
const stream = require('./stream');
const legacy = require('./legacy');
const modern = require('./modern');
const { load } = require('./load');

async function main() {
  const frame = channel.receive();
  if (frame === null || frame.kind !== channel.kinds.START) return;
  const start = JSON.parse(frame.body);
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, start.env);
  process.chdir(start.task);
  require('module').Module._initPaths(); // NODE_PATH is read at the start only
  errors.paths.task = start.task;
  errors.paths.opt = start.opt;
  const isModern = Number(/^nodejs(\d+)/.exec(start.runtime)[1]) >= 24;
  if (isModern) logs.state.requestId = '-';
  logs.setUp();
  if (!process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA) {
    globalThis.awslambda = { streamifyResponse: stream.streamifyResponse, HttpResponseStream: stream.HttpResponseStream };
  }

  let runtime = null;
  if (!isModern) legacy.watch(() => runtime && runtime.call);
  let handler;
  try {
    handler = await load(start.task, start.handler, isModern);
    if (isModern) modern.check(handler);
  } catch (error) {
    logs.failure(isModern ? 'Init Error' : 'Uncaught Exception', error);
    const described = errors.describe(error);
    channel.send(channel.kinds.INIT_ERROR, [described.errorType], JSON.stringify(described));
    process.exit(isModern ? 1 : 129);
  }
  if (isModern) {
    await modern.serve(handler);
    return;
  }
  runtime = new legacy.Runtime(handler);
  runtime.next();
}

main();
