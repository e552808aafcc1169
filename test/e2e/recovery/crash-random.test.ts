import * as fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import type { OperationName } from "../../../src/local/storage/http/rest-operation.ts";
import { expectRightEnd } from "../../support/crash/crash-end.ts";
import { hostProcesses } from "../../support/crash/crash-host.ts";
import { liveThrough } from "../../support/crash/crash-trial.ts";
import type { Death, Phase, Plan, PlannedCopy } from "../../support/crash/crash-trial.ts";
import type { Kill } from "../../support/crash/crash-stack.ts";
import { isFullSize, sized } from "../../support/campaign-size.ts";
import { seedFor } from "../../support/seeds.ts";

/*
 * The host is killed (SIGKILL) at random moments while several copies run, and started again. Moments are
 * counted in requests to Storage, commits and virtual time, never in real time, so a seed always leads to
 * the same moments: CRASH_SEED=<seed> repeats a run, CRASH_TRIAL=<number> one trial of it. Only the order
 * in which copies overtake each other depends on the machine.
 */

const seed = seedFor("CRASH_SEED");
const fullTrials = 50;
const trials = sized({ small: 4, full: fullTrials });
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

const storageRequest = (operation: OperationName | null, latest: number): fc.Arbitrary<Kill> =>
  fc.record({
    at: fc.constant("storage request" as const),
    operation: fc.constant(operation),
    nth: fc.integer({ min: 1, max: latest }),
    lost: fc.constantFrom("request" as const, "answer" as const),
  });

/** Trials take turns with these kinds for their first kill, which even the shortest copy reaches. */
const firstKills: readonly fc.Arbitrary<Kill>[] = [
  storageRequest(null, 40),
  storageRequest("CopyBlob", 4),
  storageRequest("GetBlobProperties", 12),
  storageRequest("AbortCopyBlob", 1),
  storageRequest("DeleteBlob", 4),
  fc.record({ at: fc.constant("commit point" as const), nth: fc.nat(90) }),
  fc.record({ at: fc.constant("rest" as const), afterMs: fc.nat(3_000) }),
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

test(`copies have the right outcome, are started once and leave nothing behind, however often the host is killed (CRASH_SEED=${seed})`, async () => {
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
  console.table(tally(deaths.map(nameOf)));
  const rows = Object.entries(moments);
  console.table(rows.map(([name, moment]) => ({ killed: name, kills: met(deaths, moment) })));
  if (only !== undefined) return;
  for (const [name, moment] of rows) {
    const least = isFullSize ? moment.least : Math.floor((moment.least * trials) / fullTrials / 2);
    expect(met(deaths, moment), `kills ${name}`).toBeGreaterThanOrEqual(least);
  }
}, 600_000);

type Moment = { phases: readonly Phase[]; least: number };

/**
 * The minimum number of moments that kills must hit for the suite to prove anything: at most half of the usual number.
 */
const moments: Record<string, Moment> = {
  "while a copy was requested": { phases: ["request"], least: 10 },
  "while a copy was started": { phases: ["startCopy"], least: 7 },
  "while a copy was pending": { phases: ["waiting", "readCopy"], least: 15 },
  "while a copy was aborted": { phases: ["abortCopy"], least: 7 },
  "while a copy was settled": { phases: ["settleCopy"], least: 7 },
  "between two steps of a copy": { phases: ["turn"], least: 1 },
};

/** How many kills found a copy in such a phase; a kill may count for several moments. */
function met(deaths: readonly Death[], { phases }: Moment): number {
  return deaths.filter((death) => death.phases.some((phase) => phases.includes(phase))).length;
}

function nameOf({ kill, point }: Death): string {
  if (kill.at !== "storage request") return point ?? "at rest";
  return `${kill.operation ?? "any request"}, ${kill.lost} lost`;
}

function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
