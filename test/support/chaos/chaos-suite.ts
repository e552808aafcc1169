import * as fc from "fast-check";
import { expect } from "vitest";
import { isFullSize, sized } from "../campaign-size.ts";
import { seedFor } from "../seeds.ts";
import { endOf, expectTruth } from "./chaos-end.ts";
import type { Met } from "./chaos-fates.ts";
import { copyPlans } from "./chaos-plan.ts";
import type { Phase } from "./chaos-plan.ts";
import { openChaosRun } from "./chaos-run.ts";
import type { Death } from "./chaos-run.ts";

/** CHAOS_SEED=<seed> repeats a suite; together with CHAOS_GROUP=<number>, only one group of copies. */
export const chaosSeed = seedFor("CHAOS_SEED");
const onlyGroup = process.env["CHAOS_GROUP"];

const groupSize = 40;
const fullGroups = 26;
const full = Array.from({ length: fullGroups }, (_, group) => group);
/** Without deaths, at small size: the groups that, with the committed seed, detect the mutants of `test/mutants`. */
const groups: Record<"none" | "some", readonly number[]> = {
  none: sized({ small: [1, 3, 7], full }),
  some: sized({ small: [1, 3, 7], full }),
};

/** How often each incident happened in a suite: a suite without incidents proves nothing. */
export type ChaosTally = {
  copies: number;
  /** By action and phase. */
  met: Record<string, Record<string, number>>;
  /** By outcome. */
  ends: Record<string, number>;
  deaths: readonly Death[];
  /** Whether this was the whole suite: a part of it has fewer incidents. */
  isWhole: boolean;
};

/**
 * Runs more than a thousand copies (at full size) in groups, each on its own stack. Throws an error with the plan and
 * story of the first copy for which a check fails.
 */
export async function liveThroughChaos(deaths: "none" | "some"): Promise<ChaosTally> {
  const tally: ChaosTally = { copies: 0, met: {}, ends: {}, deaths: [], isWhole: true };
  const numbers = onlyGroup === undefined ? groups[deaths] : [Number(onlyGroup)];
  const met: Met[] = [];
  const died: Death[] = [];
  console.info(`CHAOS_SEED=${chaosSeed}`); // printed first, for a run that hangs
  for (const group of numbers) {
    const again = `repeat with CHAOS_SEED=${chaosSeed} CHAOS_GROUP=${group}`;
    const plans = fc.sample(copyPlans(deaths), { seed: chaosSeed + group, numRuns: groupSize });
    const run = await openChaosRun();
    try {
      const trials = await run.liveThrough(plans).catch((cause: unknown) => {
        throw new Error(again, { cause });
      });
      for (const trial of trials) {
        expectTruth(trial, again);
        count(tally.ends, endOf(trial));
        tally.copies++;
      }
      expect(await run.locks(), `locks, ${again}`).toEqual([]);
      expect(run.errors, `errors in the log, ${again}`).toEqual([]);
    } finally {
      met.push(...run.met);
      died.push(...run.deaths);
      await run.close();
    }
  }
  for (const { deed, phase } of met) count((tally.met[deed] ??= {}), phase);
  console.info(`${tally.copies} copies, ${died.length} deaths, CHAOS_SEED=${chaosSeed}`);
  console.table(tally.met);
  console.table(tally.ends);
  return { ...tally, deaths: died, isWhole: onlyGroup === undefined };
}

/**
 * The minimum number of incidents of each suite, by actions and phase: so far below the usual number that no seed
 * misses it by chance. Faults come in runs of up to four, so their numbers vary more.
 */
const floors: readonly [deeds: RegExp, least: Partial<Record<Phase | "any", number>>][] = [
  [/^refused/, { start: 20, pending: 1, abort: 15, settle: 20 }],
  [/^refused 500/, { any: 25 }],
  [/^refused 503/, { any: 25 }],
  [/^refused 429/, { any: 25 }],
  [/^connection reset/, { start: 15, pending: 8, abort: 4, settle: 25 }],
  [/^answer lost/, { start: 15, pending: 6, abort: 4, settle: 25 }],
  [/^slow answer/, { start: 12, pending: 8, abort: 5, settle: 25 }],
  [/^late arrival/, { start: 1, abort: 1, any: 10 }],
  [/^run again$/, { start: 300, pending: 300, abort: 80, settle: 300 }],
  [/minutes later$/, { start: 150, pending: 200, abort: 50, settle: 200 }],
  [/^abort$/, { start: 5, pending: 100, settle: 8 }],
  [/^abort twice/, { start: 4, pending: 4, settle: 5 }],
  [/^abort/, { abort: 1 }],
  [/^wake/, { any: 20 }],
  [/^stranger writes/, { any: 12 }],
  [/^stranger deletes/, { any: 8 }],
  [/^stranger aborts/, { any: 2 }],
  [/^stranger copies another source/, { any: 12 }],
  [/^stranger copies the same source/, { any: 25 }],
  [/^stranger sets metadata/, { any: 6 }],
  [/^source rewritten/, { any: 6 }],
  [/^source deleted/, { any: 6 }],
  [/^copy fails at Storage/, { pending: 12 }],
];

/** The minimum number of copies for each outcome. */
const endFloors: readonly [ends: RegExp, least: number][] = [
  [/^succeeded/, 200],
  [/^aborted/, 80],
  [/^skipped/, 20],
  [/: destination-exists/, 20],
  [/: source-unreadable/, 12],
  [/: superseded/, 12],
  [/: source-not-found/, 3],
  [/: source-changed/, 1],
  [/: destination-deleted/, 1],
  [/: destination-busy/, 4],
];

/** Reduces a floor for fewer groups to half of their share, because small samples vary more. */
export const floor = (least: number, copies: number) =>
  isFullSize ? least : Math.floor((least * copies) / (fullGroups * groupSize) / 2);

/** Checks that the suite was effective: each action happened in each of its phases, and each outcome occurred. */
export function expectFloors({ copies, met, ends }: ChaosTally): void {
  expect(copies).toBeGreaterThanOrEqual(isFullSize ? 1_000 : 3 * groupSize);
  for (const [deeds, phases] of floors) {
    const rows = Object.entries(met).filter(([deed]) => deeds.test(deed));
    for (const [phase, least] of Object.entries(phases)) {
      const counts = rows.flatMap(([, row]) => Object.entries(row));
      const times = sum(counts.filter(([name]) => phase === "any" || name === phase));
      expect(times, `${deeds} in phase ${phase}`).toBeGreaterThanOrEqual(floor(least, copies));
    }
  }
  for (const [end, least] of endFloors) {
    const times = sum(Object.entries(ends).filter(([name]) => end.test(name)));
    expect(times, `ends ${end}`).toBeGreaterThanOrEqual(floor(least, copies));
  }
}

function sum(counts: readonly [string, number][]): number {
  return counts.reduce((all, [, times]) => all + times, 0);
}

/** Adds one. */
export function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
