/* Loaded before a program with `node --import`: it ends with the process that started it, whose pipe closes then. */
process.stdin.resume();
process.stdin.once("close", () => process.exit(0));
process.stdin.unref?.();
