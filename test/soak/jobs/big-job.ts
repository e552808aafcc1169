import { join } from "node:path";
import { accounts } from "../../../src/local/storage/auth/accounts.ts";
import {
  clientsOf,
  destinationOf,
  nameOf,
  runJob,
  type JobLoad,
} from "../../bench/jobs/job-contestants.ts";
import { openPriceStack, type PriceStack } from "../../bench/price/stack.ts";
import { count, type Table } from "../../bench/table.ts";
import {
  durableLimits,
  listExceeded,
  type HistorySizes,
} from "../../support/jobs/durable-limits.ts";
import { writeManyBlobs } from "../../support/stack/many-blobs.ts";
import { readPeaks, recordPeaks } from "./hub-peaks.ts";
import { growthOf, maxGrowth, readMemory, type Reading } from "./memory-readings.ts";
import { checkReport, type ReportSums } from "./report-check.ts";

export type SoakedJob = { tables: Table[]; failures: string[] };

type Measured = {
  objects: number;
  readings: readonly Reading[];
  /** From the request until the job's orchestration has completed. */
  seconds: number;
  requests: number;
  /** The largest later reading of the memory, divided by the reading at the first tenth. */
  growth: { rss: number; heap: number };
  sizes: HistorySizes;
  sums: ReportSums;
};

const build = join(import.meta.dirname, "../../..");
const containers = { source: "inbox", destination: "copies", reports: "reports" };
const target = "job";
/** The content of each blob of `writeManyBlobs`. */
const bytesEach = 1;
const mebibyte = 1_024 * 1_024;

/**
 * Copies many small blobs to another account in one job: the built app on the local host in one process, the emulator
 * in another, all state on disk. Throws if a result is wrong; `failures` are the limits that were exceeded.
 */
export async function soakJob(objects: number): Promise<SoakedJob> {
  const begun = performance.now();
  const stack = await openPriceStack(build, {
    fillStorage: (file) => fillStorage(file, objects),
    prepareHub: recordPeaks,
    reports: containers.reports,
  });
  console.log(`Created ${count(objects)} blobs in ${secondsSince(begun)} s`);
  try {
    return describe(await measureJob(stack, objects));
  } finally {
    await stack.close();
  }
}

async function measureJob(stack: PriceStack, objects: number): Promise<Measured> {
  const storage = clientsOf(stack);
  const load: JobLoad = { copies: objects, target, isFar: true, isPending: false };
  const reports = storage.near.getContainerClient(containers.reports);
  const requestsBefore = Number(await stack.emulator.order({ kind: "requests" }));
  const begun = performance.now();
  let hasEnded = false;
  const running = runJob(stack, storage, load, `${reports.url}/`).finally(() => (hasEnded = true));
  const [job, readings] = await Promise.all([running, readMemory(stack, objects, () => hasEnded)]);
  const seconds = (performance.now() - begun) / 1_000;
  const requests = Number(await stack.emulator.order({ kind: "requests" })) - requestsBefore;
  const sizes = readPeaks(stack.hubFile);
  const checkBegun = performance.now();
  const destination = destinationOf(storage, load);
  const sums = await checkReport({ job, objects, bytesEach, destination, target, reports });
  console.log(`Compared the report with the listing in ${secondsSince(checkBegun)} s\n`);
  const growth = { rss: growthOf(readings, "rssBytes"), heap: growthOf(readings, "heapBytes") };
  return { objects, readings, seconds, requests, growth, sizes, sums };
}

/** Writes the blobs into the emulator's file: as requests, a million of them would take ten minutes. */
function fillStorage(file: string, objects: number): void {
  const [near = "", far = ""] = accounts.map(({ name }) => name);
  const at = Date.now();
  writeManyBlobs(file, { account: near, container: containers.source, names: names(objects), at });
  writeManyBlobs(file, { account: near, container: containers.reports, names: [], at });
  writeManyBlobs(file, { account: far, container: containers.destination, names: [], at });
}

function* names(objects: number): Generator<string> {
  for (let number = 0; number < objects; number++) yield nameOf(number);
}

function describe(measured: Measured): SoakedJob {
  const { growth, sizes } = measured;
  const failures = listExceeded(sizes);
  for (const [kind, times] of [
    ["resident memory", growth.rss],
    ["heap", growth.heap],
  ] as const) {
    if (times <= maxGrowth) continue;
    failures.push(
      `The ${kind} of the app grew to ${times.toFixed(2)} times its size at a tenth of the objects, but at most ${maxGrowth} times is allowed`,
    );
  }
  return { tables: [memoryTable(measured), resultTable(measured)], failures };
}

function memoryTable({ objects, readings, growth }: Measured): Table {
  const mebibytes = (bytes: number) => `${(bytes / mebibyte).toFixed(1)} MiB`;
  const rateUntil = ({ objects: copied, seconds }: Reading, index: number) => {
    const former = readings[index - 1] ?? { objects: 0, seconds: 0 };
    return count((copied - former.objects) / (seconds - former.seconds));
  };
  return {
    title: `The app's process during a job of ${count(objects)} objects`,
    columns: ["objects", "resident memory", "heap", "copies per second"],
    rows: readings.map((reading, index) => [
      count(reading.objects),
      mebibytes(reading.rssBytes),
      mebibytes(reading.heapBytes),
      rateUntil(reading, index),
    ]),
    notes: [
      "The process of the app with the local host and its task hub; the emulator, with all blobs, is another process. Memory after a forced collection, while the job runs. Copies per second since the row above.",
      `Limit: at most ${maxGrowth} times the first tenth. The largest later reading is ${growth.rss.toFixed(2)} times as large (resident memory) and ${growth.heap.toFixed(2)} times (heap).`,
    ],
  };
}

function resultTable({ objects, seconds, requests, sizes, sums }: Measured): Table {
  const { events, customStatusBytes, messageBytes } = durableLimits;
  return {
    title: `A job of ${count(objects)} objects`,
    columns: ["", "measured", "limit"],
    rows: [
      ["duration", `${count(seconds)} s`, "–"],
      ["copies per second", count(objects / seconds), "–"],
      ["requests for each object", (requests / objects).toFixed(4), "–"],
      ["events of the longest history", count(sizes.events), count(events)],
      ["custom status, bytes", count(sizes.customStatusBytes), count(customStatusBytes)],
      ["longest message, bytes", count(sizes.messageBytes), count(messageBytes)],
      ["parts of the report", count(sums.parts), "–"],
      ["lines of the report", count(sums.lines), `${count(objects)}, exactly`],
    ],
    notes: [
      "Each line of the report names the next blob of the destination's listing, with its ETag and its copy id; there is no further blob. The parts have the hashes of the manifest, and its totals and the job's counters are the sums of the lines.",
      "Requests are counted by the emulator, including those of the ledger and of the report. Sizes are in bytes of UTF-16. Messages: every message, input, output and event that the task hub ever stored.",
    ],
  };
}

function secondsSince(begun: number): string {
  return count((performance.now() - begun) / 1_000);
}
