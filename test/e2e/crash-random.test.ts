import { randomInt } from "node:crypto";
import * as fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { expectRightEnd } from "../support/crash-end.ts";
import { hostProcesses } from "../support/crash-host.ts";
import { liveThrough } from "../support/crash-trial.ts";
import type { Death, Plan, PlannedCopy } from "../support/crash-trial.ts";
import type { Kill } from "../support/crash-world.ts";

/*
 * The host is killed (SIGKILL) at random moments while several copies run, and started again. Moments
 * are counted in requests at Storage, commits and virtual time, never in real time, so that a seed
 * leads to the same ones: CRASH_SEED=<seed> repeats a run, CRASH_TRIAL=<number> one trial of it. Only
 * the order in which copies overtake each other is the machine's.
 */

const seed = Number(process.env["CRASH_SEED"] ?? randomInt(2 ** 31));
const trials = 55;
const only = process.env["CRASH_TRIAL"];

const hosts = hostProcesses();
afterAll(() => hosts.close());

const copy = (end: PlannedCopy["end"], longest: number): fc.Arbitrary<PlannedCopy> =>
  fc.record({
    end: fc.constant(end),
    bytes: fc.integer({ min: 1, max: 20_000 }),
    at: fc.integer({ min: 0, max: 3_000 }),
    after: fc.integer({ min: 1, max: longest }),
    overwrites: end === "succeeded" ? fc.boolean() : fc.constant(false),
  });

const copies = fc
  .tuple(
    copy("succeeded", 20_000),
    copy("succeeded", 5_000),
    copy("aborted", 10_000),
    copy("failed", 10_000),
  )
  .map((all): readonly PlannedCopy[] => all);

const storageRequest = (operation: "CopyBlob" | "DeleteBlob" | null, latest: number) =>
  fc.record({
    at: fc.constant("storage request" as const),
    operation: fc.constant(operation),
    nth: fc.integer({ min: 1, max: latest }),
    lost: fc.constantFrom("request" as const, "answer" as const),
  });

/** Every trial's first kill is surely reached, and takes these kinds in turn. */
const firstKills: readonly fc.Arbitrary<Kill>[] = [
  storageRequest(null, 70),
  storageRequest("CopyBlob", 4),
  fc.record({ at: fc.constant("commit point" as const), nth: fc.nat(100) }),
  fc.record({ at: fc.constant("rest" as const), afterMs: fc.nat(3_000) }),
  storageRequest("DeleteBlob", 4),
];
const laterKills = fc.array(fc.oneof(...firstKills), { maxLength: 2 });

const planOf = (trial: number): fc.Arbitrary<Plan> => {
  const first =
    firstKills[trial % firstKills.length] ?? fc.constant<Kill>({ at: "rest", afterMs: 0 });
  return fc.record({
    copies,
    kills: fc.tuple(first, laterKills).map(([kill, later]) => [kill, ...later]),
    downtime: fc.nat(30_000),
  });
};

test(`copies end right, are started once and leave nothing, however often the host is killed (CRASH_SEED=${seed})`, async () => {
  const deaths: Death[] = [];
  const numbers = only === undefined ? Array.from({ length: trials }, (_, n) => n) : [Number(only)];
  for (const number of numbers) {
    const [plan] = fc.sample(planOf(number), { seed: seed + number, numRuns: 1 });
    if (plan === undefined) throw new Error(`Cannot draw a plan: seed ${seed}`);
    const again = `repeat with CRASH_SEED=${seed} CRASH_TRIAL=${number}`;
    try {
      const trial = await liveThrough(plan, hosts);
      expectRightEnd(trial, again);
      expect(trial.deaths.length, again).toBeGreaterThan(0);
      deaths.push(...trial.deaths);
    } catch (error) {
      console.error(again, JSON.stringify(plan, null, 1));
      throw error;
    }
  }
  console.info(`${deaths.length} kills in ${numbers.length} trials, CRASH_SEED=${seed}`);
  const kinds = tally(deaths.map(({ kill }) => nameOf(kill)));
  const phases = tally(deaths.flatMap((death) => death.phases));
  const points = tally(deaths.flatMap(({ point }) => (point === null ? [] : [point])));
  console.table({ ...kinds, ...points });
  console.table(phases);
  if (only !== undefined) return;
}, 180_000);

function nameOf(kill: Kill): string {
  if (kill.at !== "storage request") return kill.at;
  return `${kill.operation ?? "any request"}, ${kill.lost} lost`;
}

function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
