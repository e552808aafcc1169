/* Preloaded into `ferry`: its pauses are short, because the app under test runs on another clock. */
const maxMs = 50;
const { setTimeout: systemTimeout } = globalThis;
globalThis.setTimeout = (run, ms = 0, ...args) => systemTimeout(run, Math.min(ms, maxMs), ...args);
