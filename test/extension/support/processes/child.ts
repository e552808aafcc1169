import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";

/** A process of the stack. Its output goes to a file. */
export type Child = {
  pid: number;
  /** Resolves with the match when the output has it; rejects if the process ends first. */
  until(pattern: RegExp, withinMs?: number): Promise<RegExpExecArray>;
  isAlive(): boolean;
  /** Ends it with SIGKILL, and resolves when it has exited. */
  kill(): Promise<void>;
  /** Ends it with SIGTERM, after `graceMs` with SIGKILL, and resolves when it has exited. */
  stop(graceMs?: number): Promise<void>;
};

export type ChildOptions = { environment: Record<string, string>; logFile: string };

const startMs = 60_000;
const graceMs = 10_000;
/** Only the start of the output is searched. */
const maxSearched = 1_000_000;

/** Starts a program. Its standard input is a pipe that closes when this process ends. */
export function startChild(
  command: string,
  args: readonly string[],
  { environment, logFile }: ChildOptions,
): Child {
  const log = createWriteStream(logFile, { flags: "a" });
  const child = spawn(command, args, {
    env: { ...ownEnvironment(), ...environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let output = "";
  let searches: (() => void)[] = [];
  const received = (chunk: Buffer) => {
    log.write(stamped(chunk));
    if (output.length < maxSearched) output += chunk.toString();
    for (const search of searches) search();
  };
  child.stdout.on("data", received);
  child.stderr.on("data", received);
  child.stdin.on("error", () => {}); // it was killed
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const exited = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      output += String(error);
      resolve();
    });
    child.once("close", () => resolve());
  });
  child.once("close", () => log.end(`ended: ${child.exitCode ?? child.signalCode}\n`));

  return {
    pid: child.pid ?? 0,
    isAlive: () => child.pid !== undefined && !hasEnded(),
    until(pattern, withinMs = startMs) {
      return new Promise((resolve, reject) => {
        const finish = () => {
          searches = searches.filter((each) => each !== search);
          clearTimeout(timer);
        };
        const search = () => {
          const match = pattern.exec(output);
          if (match === null) return;
          finish();
          resolve(match);
        };
        const fail = (reason: string) => {
          finish();
          const said = output.slice(-2_000);
          reject(new Error(`Cannot start ${args.join(" ")} because ${reason}: ${said}`));
        };
        const timer = setTimeout(() => fail(`it took ${withinMs} ms`), withinMs);
        searches.push(search);
        search();
        void exited.then(() => fail("it ended"));
      });
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
    async stop(within = graceMs) {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), within);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Adds the time to the start of each line. */
function stamped(chunk: Buffer): string {
  return chunk.toString().replaceAll(/^(?=.)/gm, `${new Date().toISOString().slice(11, 23)} `);
}

/**
 * The environment without the test runner's variables, and without those from which the extension detects a platform.
 */
function ownEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|NODE_OPTIONS$|NODE_ENV$|WEBSITE_|COPY_)/.test(name),
  );
  return { ...Object.fromEntries(entries), CONTAINER_NAME: "" };
}
