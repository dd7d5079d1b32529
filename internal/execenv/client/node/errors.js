// Errors as Lambda reports them.
'use strict';
const util = require('util');

const paths = { task: '', opt: '', own: __dirname };

// show gives text with files where they are on Lambda, without this client's.
function show(text) {
  if (typeof text !== 'string') return text;
  const lines = text.split('\n').filter((line) => !(line.includes(paths.own) && /^(\s+at |- )/.test(line)));
  let shown = lines.join('\n');
  if (paths.task) shown = shown.replaceAll(paths.task + '/', '/var/task/').replaceAll(paths.opt + '/', '/opt/');
  return shown;
}

function isError(e) {
  return util.types.isNativeError(e) || Boolean(e && e.name && e.message && e.stack && [e.name, e.message, e.stack].every((m) => typeof m === 'string'));
}

const escape = (s) => (typeof s === 'string' ? s.replace(/\x7f/g, '%7F') : s);

// describe returns the error as the object that the caller gets.
function describe(e) {
  try {
    if (isError(e)) {
      return { errorType: escape(e.name), errorMessage: escape(show(e.message)), trace: escape(show(e.stack)).split('\n') };
    }
    return { errorType: typeof e, errorMessage: String(e), trace: [] };
  } catch (_) {
    return {
      errorType: 'handled',
      errorMessage:
        'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack',
    };
  }
}

// logged returns what the log shows of anything thrown: what is no error becomes
// one, and only the caller is told its type.
const logged = (e) => (isError(e) ? e : new Error(String(e)));

// members returns an error with everything that it carries, for the log.
function members(e) {
  if (!(e instanceof Error) && !util.types.isNativeError(e)) return e;
  const { stack, ...own } = { ...e };
  return Object.assign({ errorType: e.name, errorMessage: show(e.message), code: e.code }, own, {
    stack: typeof e.stack === 'string' ? show(e.stack).split('\n') : e.stack,
  });
}

function text(e) {
  try {
    return '\t' + JSON.stringify(e, (_, v) => members(v));
  } catch (_) {
    return '\t' + JSON.stringify(describe(e));
  }
}

// fault makes an error with one of the platform's names. Until Node 22 the name
// was not a member of its own.
function fault(name, message, modern) {
  const e = new Error(message);
  Object.defineProperty(e, 'name', { value: name, enumerable: Boolean(modern), writable: true, configurable: true });
  e.stack = name + ': ' + message + e.stack.slice(e.stack.indexOf('\n    at '));
  return e;
}

module.exports = { paths, show, isError, describe, logged, members, text, fault };
