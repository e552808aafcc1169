import { setTimeout as pause } from "node:timers/promises";
import { startExtensionStack } from "../../extension/support/extension-stack.ts";
import { startPatiently, untilAllEnded, uploadMany } from "../../extension/support/many-copies.ts";
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

/** Settings that override host.json. */
export const throughputSettings: Record<string, Record<string, string>> = {
  "host.json": {},
  "batches of 8": { storageProvider__controlQueueBatchSize: "8" },
  "buffer of 32": { storageProvider__controlQueueBufferThreshold: "32" },
  "1 partition": { storageProvider__partitionCount: "1" },
  "8 partitions": { storageProvider__partitionCount: "8" },
};

type Measured = { seconds: number; useful: number; emptyReads: number };

export async function measureThroughput(names: readonly string[]): Promise<Table> {
  await buildDurableHost();
  const azurite = await startAzurite(runFolder("bench-azurite"));
  const rows: string[][] = [];
  try {
    for (const name of names) {
      const settings = throughputSettings[name];
      if (settings === undefined) throw new Error(`There are no settings "${name}"`);
      const { seconds, useful, emptyReads } = await measure(name, settings, azurite.connection);
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
    ],
  };
}

async function measure(
  name: string,
  durable: Record<string, string>,
  hubStorage: string,
): Promise<Measured> {
  const counter = await openHubCounter(hubStorage);
  const stack = await startExtensionStack({
    name: `throughput-${name}`,
    hubStorage: counter.connection,
    polling: "host.json",
    events: false,
    durable,
  });
  try {
    const copies = { source: "many-source", target: "many-target", count: copyCount, bytes: 1_000 };
    stack.speeds.set(copies.target, { finishOnStart: "always" });
    await uploadMany(stack, copies);
    const from = counter.operations.length;
    const began = stack.now();
    const numbers = Array.from({ length: copyCount }, (_, number) => number);
    const ids = await Promise.all(numbers.map((number) => startPatiently(stack, copies, number)));
    // Reads of the API would slow the hub down, and count.
    while ((stack.activityRuns().get("settleCopy") ?? 0) < copyCount) {
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
