import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { onTestFinished } from "vitest";
import { compileCache } from "../compile-cache.ts";

export type FerryOptions = {
  env?: Record<string, string>;
  /** Standard input, which then ends; it is empty if absent. Not with a terminal. */
  input?: string;
  /** Runs on a terminal, whose output is in `stdout`. */
  terminal?: boolean;
  /** The program that runs JavaScript; the one of the tests if absent. */
  node?: string;
  /** The script; the one that `tsc` builds if absent. */
  script?: string;
};

/** A running `ferry`. */
export type FerryProcess = {
  pid: number;
  stdout(): string;
  stderr(): string;
  /** Resolves when the output, of both streams, has this text after what earlier calls have found. */
  until(text: string | RegExp): Promise<RegExpExecArray>;
  /** Types on the terminal. */
  type(keys: string): void;
  interrupt(): void;
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
};

const built = resolve("dist/cli/main.js");
const pauses = resolve("test/support/cli/short-pauses.mjs");

/** The program that runs a command on a terminal, of Debian's package bsdutils. */
const hasTerminal = existsSync("/usr/bin/script");

/** Without the program, the tests of terminals fail in CI and say elsewhere that they did not run. */
export function needsTerminal(): boolean {
  if (hasTerminal) return true;
  if (process.env["CI"] === "true") throw new Error("/usr/bin/script is missing: install bsdutils");
  console.log("not run, because /usr/bin/script is missing");
  return false;
}

/** Starts `ferry`, which is killed after the test. */
export function startFerry(args: readonly string[], options: FerryOptions = {}): FerryProcess {
  const { env = {}, input, terminal = false, node = process.execPath, script = built } = options;
  const command = [node, "--import", pauses, script, ...args];
  const quoted = command.map((part) => `'${part.replaceAll("'", String.raw`'\''`)}'`).join(" ");
  const [program = "", ...rest] = terminal
    ? [
        "/usr/bin/script",
        "--quiet",
        "--return",
        "--flush",
        "--command",
        `exec ${quoted}`,
        "/dev/null",
      ]
    : command;
  const child = spawn(program, rest, {
    // Not the settings of the developer.
    env: {
      PATH: process.env["PATH"],
      HOME: "/nonexistent",
      TERM: "xterm",
      SHELL: "/bin/sh",
      NODE_COMPILE_CACHE: compileCache,
      ...env,
    },
    stdio: "pipe",
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let [stdout, stderr, all, found] = ["", "", "", 0];
  const changed = new Set<() => void>();
  const collect = (add: (text: string) => void) => (chunk: Buffer) => {
    add(chunk.toString());
    all += chunk.toString();
    for (const each of changed) each();
  };
  child.stdout.on(
    "data",
    collect((text) => void (stdout += text)),
  );
  child.stderr.on(
    "data",
    collect((text) => void (stderr += text)),
  );
  child.stdin.on("error", () => {}); // it has ended
  if (!terminal) child.stdin.end(input ?? "");
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
  return {
    pid: child.pid ?? 0,
    stdout: () => stdout,
    stderr: () => stderr,
    until(text) {
      return new Promise((resolve, reject) => {
        const pattern = typeof text === "string" ? new RegExp(escape(text), "g") : text;
        const search = new RegExp(pattern.source, `${pattern.flags.replace("g", "")}g`);
        const look = () => {
          search.lastIndex = found;
          const match = search.exec(all);
          if (match === null) return;
          found = search.lastIndex;
          changed.delete(look);
          resolve(match);
        };
        changed.add(look);
        look();
        const fail = (code: number | null) =>
          reject(new Error(`ferry ended with ${code} before it printed ${text}: ${all}`));
        void ended.then(({ code }) => fail(code));
      });
    },
    type: (keys) => void child.stdin.write(keys),
    interrupt: () => void child.kill("SIGINT"),
    ended,
  };
}

/** Runs `ferry` until it has ended. */
export function runFerry(args: readonly string[], options: FerryOptions = {}) {
  return startFerry(args, options).ended;
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
