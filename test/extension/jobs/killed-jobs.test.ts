import { setTimeout as pause } from "node:timers/promises";
import { expect, inject, onTestFailed, test } from "vitest";
import { minute } from "../../../src/copy/durations.ts";
import { jobInstanceId } from "../../../src/names.ts";
import type { ExtensionStack } from "../support/extension-stack.ts";
import type { Part } from "../support/processes/host-pair.ts";
import type { Json } from "../support/stack.ts";
import { seededRandom } from "../support/random.ts";
import { holdPolls, holdStarts } from "./held-requests.ts";
import {
  expectExactReport,
  expectWithinDurableLimits,
  hasEnded,
  maxTestMs,
  objectCount,
  objectNames,
  requestJob,
  startJobStage,
  startsOf,
  untilJob,
} from "./job-stage.ts";
import type { Existing, StagedJob } from "./job-stage.ts";

/*
 * Four jobs of 2,000 objects, one for each overwrite mode, whose processes are killed. Storage leaves every second copy
 * pending until the test finishes it. Two jobs are early: the bridge is killed while they start objects, and any process
 * while they poll. The other two are late: any process is killed while they start objects. Requests that have arrived at
 * Storage when a process is killed are executed afterwards. The seed selects the processes, the moments, and which modes
 * are early: `EXTENSION_SEEDS=7` runs one seed.
 */

const seeds = (process.env["EXTENSION_SEEDS"] ?? "1,2").split(",").map(Number);
const parts: readonly (readonly Part[])[] = [["host"], ["bridge"], ["host", "bridge"]];
type Mode = "fail" | "skip" | "if-newer" | "always";

const existing: Existing = {
  older: objectNames.filter((_, index) => index % 100 === 17),
  newer: objectNames.filter((_, index) => index % 100 === 42),
};

type ModeJob = StagedJob & { mode: Mode };
const jobOf = (mode: Mode): ModeJob => ({
  mode,
  target: `onto-${mode}`,
  existing,
  options: { overwrite: mode },
});
const pairs = [
  [jobOf("fail"), jobOf("if-newer")],
  [jobOf("skip"), jobOf("always")],
];

/** The outcome of each object according to the rule, in the order of the names. */
function outcomesOf({ mode }: ModeJob): string[] {
  const forExisting = mode === "fail" ? "failed" : "skipped";
  const all = [...existing.older, ...existing.newer];
  const keptBy: Record<Mode, readonly string[]> = {
    fail: all,
    skip: all,
    "if-newer": existing.newer,
    always: [],
  };
  const kept = keptBy[mode];
  return objectNames.map((name) => (kept.includes(name) ? forExisting : "copied"));
}

function copiedNames(job: ModeJob): string[] {
  const outcomes = outcomesOf(job);
  return objectNames.filter((_, index) => outcomes[index] === "copied");
}

const countCopied = (jobs: readonly ModeJob[]) =>
  jobs.reduce((sum, job) => sum + copiedNames(job).length, 0);
const staysPending = (index: number) => index % 2 === 1;

test.each(seeds)(
  "jobs of 2,000 objects whose processes are killed are exact (EXTENSION_SEEDS=%i)",
  async (seed) => {
    const random = seededRandom(seed);
    const anyPart = () => parts[Math.floor(random() * parts.length)] ?? [];
    /** The number of starts after which the process is killed. */
    const someOf = (jobs: readonly ModeJob[]) =>
      Math.round(countCopied(jobs) * (0.05 + random() * 0.5));
    const [early = [], late = []] = seed % 2 === 1 ? pairs : pairs.toReversed();
    const jobs = [...early, ...late];
    const finished = new Set<string>();
    const stack = await startJobStage(
      { name: `killedjobs${seed}`, hubStorage: inject("hubStorage") },
      jobs,
      (target, index) =>
        staysPending(index) && !finished.has(target)
          ? { bytesPerSecond: 0 }
          : { finishOnStart: "always" },
    );
    onTestFailed(() => console.error(stack.logs()));
    try {
      const ids = new Map<ModeJob, string>();
      const request = async (job: ModeJob) => void ids.set(job, await requestJob(stack, job));
      const helps = openHelp(stack, ids);
      const until = (what: string, isReached: () => boolean) =>
        stack.until(
          what,
          async () => {
            if (isReached()) return true;
            await helps();
            return null;
          },
          maxTestMs,
        );
      const untilStarted = (group: readonly ModeJob[]) =>
        until("each object is started", () =>
          group.every((job) => startsOf(stack, job).size >= copiedNames(job).length),
        );
      const finishCopies = (group: readonly ModeJob[]) => {
        for (const job of group) {
          finished.add(job.target);
          for (const blob of startsOf(stack, job).keys()) {
            if (!staysPending(objectNames.indexOf(blob))) continue;
            stack.emulator.copies.finish({ container: job.target, blob });
          }
        }
      };

      /** Kills processes, and starts them again; `meanwhile` runs while they are dead. */
      const killAndRevive = async (killed: readonly Part[], meanwhile = () => {}) => {
        await stack.kill(...killed);
        meanwhile();
        await pause(random() * 2_000);
        // A failed orchestration needs the watchdog. While the app runs, Storage would reject its requests under way.
        if (killed.includes("bridge")) await stack.skipAhead(graceMs);
        await stack.revive();
      };

      const earlyStarts = holdStarts(stack, early, someOf(early));
      const earlyPolls = holdPolls(stack, early);
      await Promise.all(early.map(request));
      await until("the early jobs start objects", earlyStarts.isHolding);
      await killAndRevive(["bridge"], earlyStarts.release);
      await untilStarted(early);
      await until("the early jobs poll", earlyPolls.isHoldingAll);

      const lateStarts = holdStarts(stack, late, someOf(late));
      const latePolls = holdPolls(stack, late);
      await Promise.all(late.map(request));
      await until("the late jobs start objects", lateStarts.isHolding);
      await killAndRevive(anyPart(), () => {
        // Before the polls: the next poll of copies this old would be minutes later.
        finishCopies(early);
        lateStarts.release();
        earlyPolls.release();
      });
      await pause(random() * 3_000);
      await killAndRevive(anyPart());

      await untilStarted(late);
      finishCopies(late);
      latePolls.release();
      const ended: Json[] = [];
      for (const job of jobs) {
        const id = ids.get(job) ?? "";
        ended.push(await untilJob(stack, id, hasEnded, { meanwhile: helps }));
        await expectExact(stack, job, ended.at(-1));
      }
      expect(ended.map(({ objects }) => objects.planned)).toEqual(jobs.map(() => objectCount));
    } finally {
      await stack.close();
    }
  },
  maxTestMs,
);

/** Compares an ended job with its rule. */
async function expectExact(stack: ExtensionStack, staged: ModeJob, job: Json): Promise<void> {
  const { mode } = staged;
  expect(job.status, JSON.stringify(job)).toBe(mode === "fail" ? "failed" : "succeeded");
  const lines = await expectExactReport(stack, job, staged);
  expect(lines.map(({ outcome }) => outcome)).toEqual(outcomesOf(staged));
  const causes = new Set(lines.flatMap(({ cause }) => cause ?? []));
  expect(causes).toEqual(new Set(mode === "fail" ? ["destination-exists"] : []));
  const starts = startsOf(stack, staged);
  expect([...starts.keys()].toSorted()).toEqual(copiedNames(staged));
  // The rule "always" lets a copy overwrite one of the same job.
  if (mode !== "always") expect(new Set(starts.values())).toEqual(new Set([1]));
  await expectWithinDurableLimits(stack, job.id);
}

/** The watchdog ignores jobs that are younger than ten minutes. */
const graceMs = 11 * minute;
const minHelpMs = 5_000;

/**
 * Runs the watchdog, at most every five seconds, while the orchestration of a job has failed: Durable fails one whose
 * turn the bridge does not take.
 */
function openHelp(stack: ExtensionStack, ids: ReadonlyMap<ModeJob, string>): () => Promise<void> {
  let helpedAt = 0;
  const hasFailed = async (id: string): Promise<boolean> => {
    for (let generation = 1, last = ""; ; generation++) {
      const path = `instances/${jobInstanceId(id, generation)}`;
      const { status, json } = await stack.manage("GET", path);
      if (status !== 200 && status !== 202) return last === "Failed";
      last = json.runtimeStatus;
    }
  };
  return async () => {
    if (performance.now() - helpedAt < minHelpMs) return;
    helpedAt = performance.now();
    try {
      const failed = await Promise.all([...ids.values()].map(hasFailed));
      if (failed.includes(true)) await stack.runFunction("watchdog");
    } catch {
      // The app is busy or about to start: try again later.
    }
  };
}
