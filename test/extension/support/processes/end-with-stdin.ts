/* Loaded before a program with `node --import`: the program then exits with the process that started it, because its input pipe closes. */
process.stdin.resume();
process.stdin.once("close", () => process.exit(0));
process.stdin.unref?.();
