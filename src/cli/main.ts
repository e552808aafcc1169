#!/usr/bin/env node
import { homedir } from "node:os";
import { runCli } from "./run-cli.ts";

/* The command `ferry`. */

// A reader such as `head` closes the pipe when it needs no more lines.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

// A bar hides the cursor.
process.once("SIGTERM", () => {
  if (process.stderr.isTTY) process.stderr.write("\u001b[?25h\n");
  process.exit(143);
});

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  home: homedir(),
  userId: process.getuid?.() ?? null,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  onInterrupt(handler) {
    process.on("SIGINT", handler);
    return () => process.off("SIGINT", handler);
  },
});
