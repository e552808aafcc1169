import { setTimeout as pause } from "node:timers/promises";
import { startExtensionStack } from "../../extension/support/extension-stack.ts";
import type { ExtensionStack } from "../../extension/support/extension-stack.ts";
import { startAzurite } from "../../extension/support/processes/azurite.ts";
import { buildDurableHost } from "../../extension/support/processes/global-setup.ts";
import { runFolder } from "../../extension/support/processes/paths.ts";
import { openHubCounter, operationKinds } from "./hub-operations.ts";
import type { HubCounter, OperationKind } from "./hub-operations.ts";
import { count, median, tableText } from "../table.ts";
import type { Table } from "../table.ts";

/*
 * Counts the operations of the task hub on the real Durable extension, with Azurite: `npx tsc && node
 * test/bench/extension/operations.ts [configurations]`. No client reads a copy during the measurement, because each
 * `GET /copies/{id}` adds a table read.
 */

type Configuration = { partitions: number; pollingSeconds: number };

/**
 * The first is host.json's. Extended sessions are missing because the extension does not start with them: it
 * supports them for .NET only.
 */
export const configurations: Record<string, Configuration> = {
  "host.json": { partitions: 4, pollingSeconds: 5 },
  "1 partition": { partitions: 1, pollingSeconds: 5 },
  "2 partitions": { partitions: 2, pollingSeconds: 5 },
  "polling 1 s": { partitions: 4, pollingSeconds: 1 },
  "polling 10 s": { partitions: 4, pollingSeconds: 10 },
};

const hour = 3_600_000;
const pendingSeconds = 60;
const bytes = 600_000;
const atOnceCopies = 5;
/** After the start, so that queues are polled at the longest interval and partitions have an owner. */
const settleMs = 20_000;
/** The copy is complete when there was no operation for this long, which exceeds every polling interval here. */
const quietMs = 12_000;
const idleMs = 60_000;
const stacksAtTheSameTime = 3;

type Counts = Record<OperationKind, number>;
type Measured = {
  atOnce: Counts[];
  /** From the start's request to the last operation for the copy (ms). */
  atOnceMs: number[];
  pending: Counts | null;
  pendingReads: number | null;
  idle: Counts;
};

/** The row of another build, with the settings of host.json. */
const otherRow = "host.json, other build";
/** Goal for a copy that finishes in the start's response. */
const maxAtOnce = 26;

/** Operations for a copy that finishes in the start's response, one of a minute, and an idle hour. */
export async function measureOperations(
  names: readonly string[],
  otherBuild: string | null = null,
): Promise<Table[]> {
  await buildDurableHost();
  const azurite = await startAzurite(runFolder("bench-azurite"));
  const measured = new Map<string, Measured>();
  const waiting = [...names, ...(otherBuild === null ? [] : [otherRow])];
  try {
    const next = async (): Promise<void> => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
        const isOther = name === otherRow;
        const configuration = configurations[isOther ? "host.json" : name];
        if (configuration === undefined) throw new Error(`There is no configuration "${name}"`);
        const build = isOther && otherBuild !== null ? { appDirectory: otherBuild } : {};
        measured.set(name, await measure(name, { ...configuration, ...build }, azurite.connection));
      }
    };
    await Promise.all(Array.from({ length: stacksAtTheSameTime }, next));
  } finally {
    await azurite.stop();
  }
  const main = measured.get("host.json");
  return [...(main === undefined ? [] : [operationTable(main)]), configurationTable(measured)];
}

async function measure(
  name: string,
  { partitions, pollingSeconds, ...build }: Configuration & { appDirectory?: string },
  hubStorage: string,
): Promise<Measured> {
  const counter = await openHubCounter(hubStorage);
  const stack = await startExtensionStack({
    name: `operations-${name}`,
    hubStorage: counter.connection,
    events: false,
    ...build,
    durable: {
      storageProvider__maxQueuePollingInterval: `00:00:${String(pollingSeconds).padStart(2, "0")}`,
      storageProvider__partitionCount: String(partitions),
    },
  });
  try {
    stack.speeds.set("fast", { finishOnStart: "always" });
    stack.speeds.set("slow", { bytesPerSecond: bytes / pendingSeconds });
    for (const container of ["fast", "slow"]) await stack.upload(`${container}/x`, Buffer.from(""));
    const source = await stack.upload("inbox/film", Buffer.alloc(bytes));
    await pause(settleMs);
    const atOnce: Counts[] = [];
    const atOnceMs: number[] = [];
    for (let number = 0; number < atOnceCopies; number++) {
      const from = counter.operations.length;
      const began = Date.now();
      await start(stack, source.url, `fast/${number}`);
      await untilQuiet(counter, from);
      atOnce.push(countKinds(counter, from, lastUseful(counter)));
      atOnceMs.push((counter.operations[lastUseful(counter)]?.at ?? NaN) - began);
    }
    let pending: Counts | null = null;
    let pendingReads: number | null = null;
    if (name === "host.json") {
      const from = counter.operations.length;
      const id = await start(stack, source.url, "slow/film");
      await pause(pendingSeconds * 1_000);
      await untilQuiet(counter, from);
      pending = countKinds(counter, from, lastUseful(counter));
      const copy = await stack.get(id);
      if (copy.status !== "succeeded") throw new Error(`The copy is ${copy.status}`);
      pendingReads = copy.statusReads;
    }
    const from = counter.operations.length;
    await pause(idleMs);
    const idle = countKinds(counter, from, counter.operations.length);
    return { atOnce, atOnceMs, pending, pendingReads, idle };
  } finally {
    await stack.close();
    counter.close();
  }
}

async function start(stack: ExtensionStack, source: string, target: string): Promise<string> {
  const copy = await stack.start({ source, destination: stack.blob(target).url });
  return String(copy.id);
}

const isUseful = (kind: OperationKind) => kind !== "polling" && kind !== "upkeep";

/** The index of the last operation that was made for a copy. */
function lastUseful({ operations }: HubCounter): number {
  return operations.findLastIndex(({ kind }) => isUseful(kind));
}

async function untilQuiet(counter: HubCounter, from: number): Promise<void> {
  for (;;) {
    await pause(500);
    const last = lastUseful(counter);
    if (last >= from && Date.now() - (counter.operations[last]?.at ?? 0) > quietMs) return;
  }
}

function countKinds({ operations }: HubCounter, from: number, to: number): Counts {
  const counts = Object.fromEntries(operationKinds.map((kind) => [kind, 0])) as Counts;
  for (const { kind } of operations.slice(from, to + 1)) counts[kind]++;
  return counts;
}

const usefulSum = (counts: Counts) =>
  operationKinds.filter(isUseful).reduce((sum, kind) => sum + counts[kind], 0);
const wholeSum = (counts: Counts) => operationKinds.reduce((sum, kind) => sum + counts[kind], 0);

function operationTable({ atOnce, pending, pendingReads, idle }: Measured): Table {
  const columns: ((value: (counts: Counts) => number) => string)[] = [
    (value) => count(median(atOnce.map(value))),
    (value) => (pending === null ? "–" : count(value(pending))),
    (value) => count(value(idle) * (hour / idleMs)),
  ];
  const row = (name: string, value: (counts: Counts) => number) => [
    name,
    ...columns.map((column) => column(value)),
  ];
  return {
    title: "Operations of the task hub on the real extension",
    columns: [
      "",
      "finishes in the start's response",
      `pending ${pendingSeconds} s, ${pendingReads} reads`,
      "idle hour",
    ],
    rows: [
      ...operationKinds.filter(isUseful).map((kind) => row(kind, (counts) => counts[kind])),
      row("sum without polling and upkeep", usefulSum),
      row("queue reads without a message", (counts) => counts.polling),
      row("leases and partitions", (counts) => counts.upkeep),
      row("sum", wholeSum),
    ],
    notes: [
      `host.json: 4 partitions, polling at most every 5 s; Azurite. Median of ${atOnceCopies}; idle is a minute times ${hour / idleMs}.`,
      `Goal: at most ${maxAtOnce} operations for a copy that finishes in the start's response: ${median(atOnce.map(usefulSum)) <= maxAtOnce ? "met" : "not met"}.`,
    ],
  };
}

function configurationTable(measured: ReadonlyMap<string, Measured>): Table {
  return {
    title: "The same with other settings",
    columns: ["", "finished in the start, operations", "finished in the start, ms", "idle hour"],
    rows: [...Object.keys(configurations), otherRow].flatMap((name) => {
      const found = measured.get(name);
      if (found === undefined) return [];
      const { atOnce, atOnceMs, idle } = found;
      return [
        [
          name,
          count(median(atOnce.map(usefulSum))),
          `${count(Math.min(...atOnceMs))} – ${count(Math.max(...atOnceMs))}`,
          count(wholeSum(idle) * (hour / idleMs)),
        ],
      ];
    }),
    notes: [
      "Milliseconds from the start's request to the last operation for the copy, fastest and slowest. Operations of copies without polling and upkeep.",
    ],
  };
}

if (import.meta.main) {
  const chosen = process.argv.slice(2);
  const names = chosen.length > 0 ? chosen : Object.keys(configurations);
  for (const table of await measureOperations(names)) console.log(tableText(table));
}
