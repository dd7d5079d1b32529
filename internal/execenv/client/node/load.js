// Finds the handler that _HANDLER names.
'use strict';
const fs = require('fs');
const path = require('path');
const { pathToFileURL } = require('url');
const errors = require('./errors');

const isFile = (file) => fs.existsSync(file) && fs.statSync(file).isFile();

// inModulePackage tells whether the nearest package.json says "type":"module".
function inModulePackage(dir) {
  for (let at = dir; path.basename(at) !== 'node_modules'; at = path.dirname(at)) {
    const file = path.join(at, 'package.json');
    if (isFile(file)) {
      try {
        return JSON.parse(fs.readFileSync(file, 'utf8')).type === 'module';
      } catch (_) {
        return false;
      }
    }
    if (at === path.dirname(at)) break;
  }
  return false;
}

const bring = (file) => import(pathToFileURL(file).href);

async function loadModule(root, folder, name, modern) {
  const base = path.resolve(root, folder, name);
  if (modern) {
    for (const extension of ['', '.js', '.mjs', '.cjs']) {
      if (isFile(base + extension)) return bring(base + extension);
    }
  } else {
    if (isFile(base)) return require(base);
    const module = inModulePackage(path.dirname(base));
    if (isFile(base + '.js') && !module) return require(base + '.js');
    if (isFile(base + '.js')) return bring(base + '.js');
    if (isFile(base + '.mjs')) return bring(base + '.mjs');
    if (isFile(base + '.cjs')) return require(base + '.cjs');
  }
  return require(require.resolve(path.join(folder, name), { paths: [root, path.dirname(base)] }));
}

const descend = (object, names) => names.split('.').reduce((at, name) => at && at[name], object);

async function load(root, handler, modern) {
  const fault = (name, message) => errors.fault(name, message, modern);
  if (handler.includes('..')) {
    throw fault(
      'Runtime.MalformedHandlerName',
      `'${handler}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  const at = handler.lastIndexOf('/') + 1;
  const match = /^([^.]*)\.(.*)$/.exec(handler.slice(at));
  if (!match) throw fault('Runtime.MalformedHandlerName', 'Bad handler');
  let loaded;
  try {
    loaded = await loadModule(root, handler.slice(0, at), match[1], modern);
  } catch (e) {
    if (e instanceof SyntaxError) {
      const syntax = fault('Runtime.UserCodeSyntaxError', String(e));
      if (modern) syntax.stack = e.stack;
      throw syntax;
    }
    if (e && e.code === 'MODULE_NOT_FOUND') throw fault('Runtime.ImportModuleError', String(e));
    throw e;
  }
  let found = descend(loaded, match[2]);
  if (found === undefined && modern) found = descend(loaded.default, match[2]);
  if (!found) throw fault('Runtime.HandlerNotFound', `${handler} is undefined or not exported`);
  if (typeof found !== 'function') throw fault('Runtime.HandlerNotFound', `${handler} is not a function`);
  return found;
}

module.exports = { load };
