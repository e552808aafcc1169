import { count, median, type Table } from "../table.ts";
import { checkCopies, ferry, prepareBlobs, storageOf } from "./contestants.ts";
import type { PriceOptions } from "./options.ts";
import { openPriceStack } from "./stack.ts";

const atATime = 32;
const blocks = 10;
const maxGrowth = 1.1;

type Block = {
  copies: number;
  medianMs: number;
  p99Ms: number;
  rssBytes: number;
  heapBytes: number;
};

/** Memory and latency of the app's process while it runs copies in a row. */
export async function measureGrowth(options: PriceOptions): Promise<Table> {
  const copies = (options.isFull ? 20_000 : 2_000) / blocks;
  const stack = await openPriceStack(options.build);
  const measured: Block[] = [];
  try {
    const storage = storageOf(stack.emulator.ready);
    const folder = "growth";
    await prepareBlobs(storage, [folder], copies);
    const copy = ferry(stack);
    for (let block = 1; block <= blocks; block++) {
      const load = { folder, copies, atATime, target: `ferry/${block}` };
      const times = (await copy(load)).toSorted((one, other) => one - other);
      await checkCopies(storage, load);
      measured.push({
        copies: block * copies,
        medianMs: median(times),
        p99Ms: times[Math.ceil(0.99 * times.length) - 1] ?? Number.NaN,
        ...(await stack.app.memory()),
      });
    }
  } finally {
    await stack.close();
  }
  return growthTable(measured);
}

function growthTable(measured: readonly Block[]): Table {
  const mebibytes = (bytes: number) => `${count(Math.round(bytes / 1_024 / 1_024))} MiB`;
  const [first, last] = [measured[0], measured.at(-1)];
  if (first === undefined || last === undefined) throw new Error("Nothing was measured");
  const growth = last.rssBytes / first.rssBytes;
  const slowdown = last.medianMs / first.medianMs;
  const isMet = growth <= maxGrowth;
  return {
    title: `Growth of the app's process, ${count(last.copies)} copies in a row, ${atATime} at a time`,
    columns: ["copies", "resident memory", "heap", "latency, median", "99th percentile"],
    rows: measured.map(({ copies, rssBytes, heapBytes, medianMs, p99Ms }) => [
      count(copies),
      mebibytes(rssBytes),
      mebibytes(heapBytes),
      `${Math.round(medianMs)} ms`,
      `${Math.round(p99Ms)} ms`,
    ]),
    notes: [
      "The process of the app with the local host and its task hub; the emulator, with all blobs, is another process. Memory after a forced collection. Nothing is purged during the measurement: all histories stay in the hub's file. Latency: from the request to the end of the orchestration.",
      `Goal: resident memory grows by at most 10 % from copy ${count(first.copies)} to copy ${count(last.copies)}: ${isMet ? "met" : "not met"} (${growth.toFixed(2)} times). Latency: ${slowdown.toFixed(2)} times.`,
    ],
  };
}
