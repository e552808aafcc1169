import { setTimeout as pause } from "node:timers/promises";
import type { PriceStack } from "../../bench/price/stack.ts";

/** The app's process when this many objects had been copied: after a forced collection. */
export type Reading = { objects: number; seconds: number; rssBytes: number; heapBytes: number };

const tenths = 10;
/** Memory may grow by this factor after the first tenth. */
export const maxGrowth = 1.1;
const pollMs = 50;

/** Reads the memory at each tenth of a job's objects. Returns early if the job ends before it has copied all. */
export async function readMemory(
  { emulator, app }: PriceStack,
  objects: number,
  hasEnded: () => boolean,
): Promise<Reading[]> {
  const countCopied = async () =>
    Number(await emulator.order({ kind: "requests", operation: "CopyBlobFromUrl" }));
  const begun = performance.now();
  const readings: Reading[] = [];
  for (let tenth = 1; tenth <= tenths; tenth++) {
    const target = Math.ceil((objects * tenth) / tenths);
    while ((await countCopied()) < target) {
      if (hasEnded()) return readings;
      await pause(pollMs);
    }
    const memory = await app.memory();
    readings.push({ objects: target, seconds: (performance.now() - begun) / 1_000, ...memory });
  }
  return readings;
}

/** Returns the largest of the later readings, divided by the first. */
export function growthOf(readings: readonly Reading[], kind: "rssBytes" | "heapBytes"): number {
  const [first, ...others] = readings.map((reading) => reading[kind]);
  if (first === undefined || others.length !== tenths - 1) {
    throw new Error(`Cannot compare the memory because only ${readings.length} tenths were read`);
  }
  return Math.max(...others) / first;
}
