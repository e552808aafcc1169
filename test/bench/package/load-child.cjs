/*
 * Loads an app as the Functions worker does, and prints the time in ms and the memory of the process in bytes.
 * Arguments: the app's entry file, or none for Node alone; "list" prints the files that the app loads instead.
 */
const { Module, registerHooks } = require("node:module");
const { pathToFileURL } = require("node:url");

const [, , entry, mode] = process.argv;
const files = [];
if (mode === "list") {
  registerHooks({
    load(url, context, next) {
      files.push(url);
      return next(url, context);
    },
  });
}

function Disposable() {}
const core = {
  version: "3.9.1",
  hostVersion: "4.1037.0",
  setProgrammingModel() {},
  getProgrammingModel() {},
  registerFunction: () => new Disposable(),
  registerHook: () => new Disposable(),
  log() {},
  Disposable,
};
const load = Module.prototype.require;
Module.prototype.require = function (id) {
  return id === "@azure/functions-core" ? core : load.call(this, id);
};

const began = performance.now();
const loaded = entry === undefined ? Promise.resolve() : import(pathToFileURL(entry).href);
void loaded.then(() => {
  const ms = performance.now() - began;
  const { rss } = process.memoryUsage();
  console.log(JSON.stringify(mode === "list" ? files : { ms, rss }));
  process.exit(0);
});
