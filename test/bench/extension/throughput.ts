import { setTimeout as pause } from "node:timers/promises";
import { startExtensionStack } from "../../extension/support/extension-stack.ts";
import { startPatiently, untilAllEnded, uploadMany } from "../../extension/support/many-copies.ts";
import { areSettled } from "../../extension/support/ledger-content.ts";
import { startAzurite } from "../../extension/support/processes/azurite.ts";
import { buildDurableHost } from "../../extension/support/processes/global-setup.ts";
import { runFolder } from "../../extension/support/processes/paths.ts";
import { count, tableText } from "../table.ts";
import type { Table } from "../table.ts";
import { openHubCounter } from "./hub-operations.ts";

/*
 * Starts many copies at the same time on the real Durable extension, with other batch sizes, buffers and partitions:
 * `npx tsc && node test/bench/extension/throughput.ts [settings]`. Runs them one after another, because they would share
 * the cores.
 */

const copyCount = 200;
const maxMs = 600_000;
const maxOfOtherBuild = 0.7;

/** Settings that override host.json. */
export const throughputSettings: Record<string, Record<string, string>> = {
  "host.json": {},
  "batches of 8": { storageProvider__controlQueueBatchSize: "8" },
  "buffer of 32": { storageProvider__controlQueueBufferThreshold: "32" },
  "1 partition": { storageProvider__partitionCount: "1" },
  "8 partitions": { storageProvider__partitionCount: "8" },
};

/** The row of another build, with the settings of host.json. */
const otherRow = "host.json, other build";

type Measured = { seconds: number; useful: number; emptyReads: number };

export async function measureThroughput(
  names: readonly string[],
  otherBuild: string | null = null,
): Promise<Table> {
  await buildDurableHost();
  const azurite = await startAzurite(runFolder("bench-azurite"));
  const rows: string[][] = [];
  const secondsOf = new Map<string, number>();
  try {
    for (const name of [...(otherBuild === null ? [] : [otherRow]), ...names]) {
      const settings = name === otherRow ? {} : throughputSettings[name];
      if (settings === undefined) throw new Error(`There are no settings "${name}"`);
      const { seconds, useful, emptyReads } = await measure(
        name,
        { durable: settings, ...(name === otherRow && otherBuild && { appDirectory: otherBuild }) },
        azurite.connection,
      );
      secondsOf.set(name, seconds);
      rows.push([
        name,
        `${seconds.toFixed(1)} s`,
        count(copyCount / seconds),
        count(useful / copyCount),
        count(emptyReads),
      ]);
    }
  } finally {
    await azurite.stop();
  }
  return {
    title: `${copyCount} copies at the same time on the real extension`,
    columns: ["", "all settled after", "copies a second", "operations each", "empty queue reads"],
    rows,
    notes: [
      "Copies that finish in the start's response. host.json: 4 partitions, polling at most every 5 s, batches of 32; Azurite; one instance of the app. Operations without polling and upkeep.",
      ...ratioNote(secondsOf),
    ],
  };
}

function ratioNote(secondsOf: ReadonlyMap<string, number>): string[] {
  const ratio = (secondsOf.get("host.json") ?? NaN) / (secondsOf.get(otherRow) ?? NaN);
  if (Number.isNaN(ratio)) return [];
  const isMet = ratio <= maxOfOtherBuild ? "met" : "not met";
  return [
    `Goal with host.json: at most ${maxOfOtherBuild} of the time of the other build: ${isMet} (${ratio.toFixed(2)}).`,
  ];
}

async function measure(
  name: string,
  options: { durable: Record<string, string>; appDirectory?: string },
  hubStorage: string,
): Promise<Measured> {
  const counter = await openHubCounter(hubStorage);
  const stack = await startExtensionStack({
    name: `throughput-${name}`,
    hubStorage: counter.connection,
    polling: "host.json",
    events: false,
    ...options,
  });
  try {
    const copies = { source: "many-source", target: "many-target", count: copyCount, bytes: 1_000 };
    stack.speeds.set(copies.target, { finishOnStart: "always" });
    await uploadMany(stack, copies);
    const from = counter.operations.length;
    const began = stack.now();
    const numbers = Array.from({ length: copyCount }, (_, number) => number);
    const ids = await Promise.all(numbers.map((number) => startPatiently(stack, copies, number)));
    while (!(await areSettled(stack, copyCount))) {
      if (stack.now() - began > maxMs) throw new Error(`Not settled within ${maxMs} ms`);
      await pause(500);
    }
    const to = counter.operations.length;
    const ended = await untilAllEnded(stack, ids, maxMs);
    const settledAt = ended.map(({ lastUpdatedAt }) => Date.parse(lastUpdatedAt));
    const kinds = counter.operations.slice(from, to).map(({ kind }) => kind);
    return {
      seconds: (Math.max(...settledAt) - began) / 1_000,
      useful: kinds.filter((kind) => kind !== "polling" && kind !== "upkeep").length,
      emptyReads: kinds.filter((kind) => kind === "polling").length,
    };
  } finally {
    await stack.close();
    counter.close();
  }
}

if (import.meta.main) {
  const chosen = process.argv.slice(2);
  const names = chosen.length > 0 ? chosen : Object.keys(throughputSettings);
  console.log(tableText(await measureThroughput(names)));
}
