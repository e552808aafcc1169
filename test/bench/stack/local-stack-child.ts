import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../src/local/clock.ts";
import { type LocalStack, startLocalStack } from "../../../src/local/local-stack.ts";

/**
 * The measured process: the compiled app on the local host, together with the emulator, as `npm start`
 * runs them. `local-copies.ts` forks it to keep the client's memory and CPU time out of the figures.
 */
export type StackMessage =
  | { kind: "ready"; url: string; blobUrl: string; account: { name: string; key: string } }
  /** Sent when an orchestration has completed; `ended` counts all of them since the process started. */
  | { kind: "ended"; ended: number }
  | ({ kind: "measured" } & StackMeasures);

export type StackMeasures = {
  turns: number;
  /** Turns in the busiest second. */
  busiestSecond: number;
  peakRssBytes: number;
  /** Before the first copy. */
  idleRssBytes: number;
  cpuMilliseconds: number;
};

/** Messages from the client to the stack. */
export type StackOrder =
  | { kind: "start"; state: "on disk" | "in memory" }
  /** Lets all pending copies succeed. */
  | { kind: "finish"; container: string; blobs: readonly string[] }
  | { kind: "measure" }
  | { kind: "close" };

const clock = systemClock();
const turnsIn = new Map<number, number>();
let ended = 0;
let idleRssBytes = 0;
let stack: LocalStack | undefined;
let folder: string | null = null;

process.on("message", (order: StackOrder) => {
  if (order.kind === "start") void start(order.state);
  else if (order.kind === "finish") finish(order);
  else if (order.kind === "measure") send({ kind: "measured", ...measures() });
  else void close();
});

async function start(state: "on disk" | "in memory"): Promise<void> {
  folder = state === "on disk" ? mkdtempSync(join(tmpdir(), "ferry-bench-")) : null;
  stack = await startLocalStack({
    appDirectory: process.cwd(),
    stateDirectory: folder,
    clock,
    functionsPort: 0,
    blobPort: 0,
    log({ level, kind, subject, message }) {
      if (level === "error" || level === "critical") console.error(`${subject} ${message}`);
      if (kind !== "orchestration" || !/ finished: |failed/.test(message)) return;
      send({ kind: "ended", ended: ++ended });
    },
    copies: { bytesPerSecond: 0 }, // stalled, so that all of them are pending at the same time
    probe(point, when) {
      if (point !== "turn" || when !== "after") return;
      const second = Math.floor(clock.now() / 1_000);
      turnsIn.set(second, (turnsIn.get(second) ?? 0) + 1);
    },
  });
  const account = stack.emulator.accounts[0];
  if (account === undefined) throw new Error("The emulator has no account");
  idleRssBytes = process.memoryUsage.rss();
  send({ kind: "ready", url: stack.host.url, blobUrl: stack.emulator.blobUrl, account });
}

function finish({ container, blobs }: StackOrder & { kind: "finish" }): void {
  for (const blob of blobs) stack?.emulator.copies.finish({ container, blob });
}

async function close(): Promise<void> {
  await stack?.close();
  if (folder !== null) rmSync(folder, { recursive: true, force: true });
  process.disconnect();
}

function measures(): StackMeasures {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const turns = [...turnsIn.values()];
  return {
    turns: turns.reduce((sum, some) => sum + some, 0),
    busiestSecond: Math.max(0, ...turns),
    peakRssBytes: maxRSS * 1_024, // getrusage(2) counts in KiB; Node does on every platform
    idleRssBytes,
    cpuMilliseconds: (userCPUTime + systemCPUTime) / 1_000,
  };
}

function send(message: StackMessage): void {
  process.send?.(message);
}
