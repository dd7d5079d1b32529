// The console as Lambda sets it up.
'use strict';
const fs = require('fs');
const util = require('util');
const errors = require('./errors');

const levels = { TRACE: 1, DEBUG: 2, INFO: 3, WARN: 4, ERROR: 5, FATAL: 6 };

const state = { requestId: 'undefined', tenantId: '', json: false, least: 0 };

// write writes one log event, whole, whatever lines it has: this mark says on
// standard output that an event of the given length follows.
function write(message) {
  const body = Buffer.from(message);
  const event = Buffer.concat([Buffer.from('\x00\x1e' + body.length.toString(16).padStart(8, '0')), body]);
  for (let sent = 0; sent < event.length; ) {
    try {
      sent += fs.writeSync(1, event, sent, event.length - sent);
    } catch (e) {
      if (e.code !== 'EAGAIN') return; // the function closed its standard output
    }
  }
}

function log(level, args) {
  if (levels[level] < state.least) return;
  const time = new Date().toISOString();
  if (!state.json) {
    write(`${time}\t${state.requestId}\t${level}\t${util.format(...args)}\n`);
    return;
  }
  const entry = { timestamp: time, level, requestId: state.requestId };
  if (state.tenantId) entry.tenantId = state.tenantId;
  if (args.length === 1) {
    entry.message = errors.isError(args[0]) ? jsonError(args[0]) : args[0];
  } else {
    entry.message = util.format(...args);
    const e = args.find(errors.isError);
    if (e) Object.assign(entry, { errorType: e.name, errorMessage: errors.show(e.message), stackTrace: lines(e) });
  }
  let text;
  try {
    text = JSON.stringify(entry, (_, v) => (errors.isError(v) ? jsonError(v) : v));
  } catch (_) {
    entry.message = util.format(...args);
    text = JSON.stringify(entry);
  }
  write(text + '\n');
}

const lines = (e) => errors.show(e.stack).split('\n');

function jsonError(e) {
  const { stack, ...own } = { ...e };
  return Object.assign({ errorType: e.name, errorMessage: errors.show(e.message), stackTrace: lines(e) }, own);
}

function setUp() {
  state.json = process.env.AWS_LAMBDA_LOG_FORMAT === 'JSON';
  state.least = state.json ? levels[process.env.AWS_LAMBDA_LOG_LEVEL] || 0 : 0;
  const to = (level) => (...args) => log(level, args);
  Object.assign(console, {
    log: to('INFO'), info: to('INFO'), debug: to('DEBUG'), warn: to('WARN'), error: to('ERROR'), trace: to('TRACE'), fatal: to('FATAL'),
  });
}

// failure logs an error of the function: what happened, then the error.
function failure(what, e) {
  if (state.json) log('ERROR', [e]);
  else log('ERROR', [what, errors.text(e)]);
}

module.exports = { state, setUp, failure };
