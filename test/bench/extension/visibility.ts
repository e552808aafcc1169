import { setTimeout as pause } from "node:timers/promises";
import { startExtensionStack } from "../../extension/support/extension-stack.ts";
import type { ExtensionStack } from "../../extension/support/extension-stack.ts";
import { startPatiently, untilAllEnded, uploadMany } from "../../extension/support/many-copies.ts";
import { killOnce } from "../../extension/support/one-kill.ts";
import { startAzurite } from "../../extension/support/processes/azurite.ts";
import { buildDurableHost } from "../../extension/support/processes/global-setup.ts";
import { runFolder } from "../../extension/support/processes/paths.ts";
import { count, median, tableText } from "../table.ts";
import type { Table } from "../table.ts";

/*
 * Compares the queues' visibility time-outs of host.json with the extension's default on the real Durable extension:
 * `npx tsc && node test/bench/extension/visibility.ts`. A shorter time-out returns the messages of a dead process sooner,
 * but must not return those of a busy one, because its activities would run twice.
 */

const defaultMinutes = 5;
const manyCopies = 1_000;
const killedCopies = 100;
/** Seconds that each of the killed copies takes. */
const copySeconds = 20;
const maxMs = 900_000;

type Measured = {
  activities: ReadonlyMap<string, number>;
  begun: number;
  /** From the first request to the last settled copy. */
  manyMs: number;
  killedMs: readonly number[];
  killedBegun: number;
};

export async function compareVisibility(): Promise<Table> {
  await buildDurableHost();
  const azurite = await startAzurite(runFolder("bench-azurite"));
  try {
    const before = `00:0${defaultMinutes}:00`;
    const byDefault = {
      storageProvider__controlQueueVisibilityTimeout: before,
      storageProvider__workItemQueueVisibilityTimeout: before,
    };
    return visibilityTable([
      ["host.json, 1 minute", await measure(azurite.connection, {})],
      [`${defaultMinutes} minutes`, await measure(azurite.connection, byDefault)],
    ]);
  } finally {
    await azurite.stop();
  }
}

async function measure(hubStorage: string, durable: Record<string, string>): Promise<Measured> {
  const withStack = async <T>(name: string, work: (stack: ExtensionStack) => Promise<T>) => {
    const options = { name, hubStorage, durable, polling: "host.json", events: false } as const;
    const stack = await startExtensionStack(options);
    return await work(stack).finally(() => stack.close());
  };
  const many = await withStack("visibility-many", measureMany);
  const killed = await withStack("visibility-kill", async (stack) => {
    const bytes = 200_000;
    const copies = { source: "kill-source", target: "kill-target", count: killedCopies, bytes };
    stack.speeds.set(copies.target, { bytesPerSecond: bytes / copySeconds });
    const { settledMs } = await killOnce(stack, copies, maxMs);
    return { killedMs: settledMs, killedBegun: stack.begunAt.length };
  });
  return { ...many, ...killed };
}

/** Copies that finish in the start's response, all at the same time. */
async function measureMany(stack: ExtensionStack) {
  const copies = { source: "many-source", target: "many-target", count: manyCopies, bytes: 1_000 };
  stack.speeds.set(copies.target, { finishOnStart: "always" });
  await uploadMany(stack, copies);
  const began = stack.now();
  const numbers = Array.from({ length: copies.count }, (_, number) => number);
  const ids = await Promise.all(numbers.map((number) => startPatiently(stack, copies, number)));
  // Reads of the API would slow the hub down.
  while ((stack.activityRuns().get("settleCopy") ?? 0) < copies.count) {
    if (stack.now() - began > maxMs) throw new Error(`Not settled within ${maxMs} ms`);
    await pause(1_000);
  }
  const ended = await untilAllEnded(stack, ids, maxMs);
  const settled = ended.map(({ lastUpdatedAt }) => Date.parse(lastUpdatedAt));
  const manyMs = Math.max(...settled) - began;
  return { activities: stack.activityRuns(), begun: stack.begunAt.length, manyMs };
}

function visibilityTable(all: readonly (readonly [string, Measured])[]): Table {
  const row = (name: string, cell: (measured: Measured) => string) => [
    name,
    ...all.map(([, measured]) => cell(measured)),
  ];
  const names = [...new Set(all.flatMap(([, { activities }]) => [...activities.keys()]))];
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  return {
    title: "Visibility time-outs of the queues on the real extension",
    columns: ["", ...all.map(([name]) => name)],
    rows: [
      ...names.map((name) =>
        row(`${count(manyCopies)} copies at the same time: ${name}`, ({ activities }) =>
          count(activities.get(name) ?? 0),
        ),
      ),
      row("copies that Storage started", ({ begun }) => count(begun)),
      row("last settled after", ({ manyMs }) => seconds(manyMs)),
      row(`${killedCopies} copies, one kill: copies that Storage started`, ({ killedBegun }) =>
        count(killedBegun),
      ),
      row("median settled after the kill", ({ killedMs }) => seconds(median(killedMs))),
      row("last settled after the kill", ({ killedMs }) => seconds(Math.max(...killedMs))),
    ],
    notes: [
      `host.json: 4 partitions, polling at most every 5 s; Azurite; one instance of the app, killed when all copies of ${copySeconds} s were accepted.`,
    ],
  };
}

if (import.meta.main) console.log(tableText(await compareVisibility()));
