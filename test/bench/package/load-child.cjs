/*
 * Loads an app as the Functions worker does, and prints the time in ms and the memory of the process in bytes.
 * Arguments: the app's entry file, or none for Node alone; instead, "list" prints the files that the app loads, and
 * "node" the modules of Node.
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

/** As the worker does (loadScriptFile.ts), which imports ES modules and requires others. */
async function evaluate(file) {
  if (file === undefined) return;
  if (file.endsWith(".cjs")) require(file);
  else await import(pathToFileURL(file).href);
}

const began = performance.now();
const nodeAlone = new Set(process.moduleLoadList);
const loaded = evaluate(entry);
void loaded.then(() => {
  const ms = performance.now() - began;
  const { rss } = process.memoryUsage();
  const ofNode = process.moduleLoadList.filter((name) => !nodeAlone.has(name));
  const printed = { list: files, node: ofNode };
  console.log(JSON.stringify(printed[mode] ?? { ms, rss }));
  process.exit(0);
});
