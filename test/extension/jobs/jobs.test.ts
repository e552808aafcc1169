import { afterAll, beforeAll, describe, expect, inject, onTestFailed, test } from "vitest";
import { account } from "../support/stack.ts";
import type { ExtensionStack } from "../support/extension-stack.ts";
import type { Json } from "../support/stack.ts";
import {
  expectExactReport,
  expectWithinDurableLimits,
  hasEnded,
  listLongMessages,
  maxTestMs,
  nothingExists,
  objectCount,
  objectNames,
  orderJob,
  requestJob,
  startJobStage,
  startsOf,
  untilJob,
} from "./job-stage.ts";
import type { StagedJob } from "./job-stage.ts";

/*
 * Jobs of 2,000 objects on the real extension: undisturbed within an account and across accounts, paused and resumed, and
 * aborted while they start objects. Every second object of the aborted one stays pending.
 */

const name = "calmjobs";
const near: StagedJob = { target: "near", existing: nothingExists };
const far: StagedJob = { target: "far", existing: nothingExists, isFar: true };
// The app reads what is wanted of a job every five seconds; these take more than ten (see `delayMs`).
const callsAtOnce = 8;
const paused: StagedJob = { target: "paused", existing: nothingExists, concurrency: callsAtOnce };
const aborted: StagedJob = { target: "aborted", existing: nothingExists, concurrency: callsAtOnce };
const delayMs = 50;
/** An order is sent after so many starts. */
const startsBefore = 200;

let stack: ExtensionStack;
beforeAll(async () => {
  stack = await startJobStage(
    { name, hubStorage: inject("hubStorage") },
    [near, far, paused, aborted],
    (target, index) =>
      target === aborted.target && index % 2 === 1
        ? { bytesPerSecond: 0 }
        : { finishOnStart: "always" },
  );
  for (const { target } of [paused, aborted]) {
    stack.emulator.faults.add({
      operation: "CopyBlob",
      match: ({ target: url }) => url.includes(`/${account}/${target}/`),
      do: { delayMs },
    });
  }
});
afterAll(() => stack?.close());

async function expectAllCopied(job: Json, staged: StagedJob) {
  expect(job).toMatchObject({ status: "succeeded", objects: { copied: objectCount }, error: null });
  await expectExactReport(stack, job, staged);
  expect(startsOf(stack, staged)).toEqual(new Map(objectNames.map((each) => [each, 1])));
  await expectWithinDurableLimits(stack, job.id);
}

/** Waits until Storage has accepted some starts of the job. */
async function untilBegun(staged: StagedJob): Promise<void> {
  const isBegun = async () => (startsOf(stack, staged).size >= startsBefore ? true : null);
  await stack.until("the job starts objects", isBegun, maxTestMs);
}

describe.concurrent("a job of 2,000 objects", { timeout: maxTestMs }, () => {
  test.each([near, far])("copies each once (onto $target)", async (staged) => {
    onTestFailed(() => console.error(stack.logs()));
    const id = await requestJob(stack, staged);
    const job = await untilJob(stack, id, hasEnded);
    expect(job.objects).toMatchObject({ planned: objectCount, copied: objectCount });
    await expectAllCopied(job, staged);
  });

  test("starts nothing while it is paused, and the rest once it is resumed", async () => {
    onTestFailed(() => console.error(stack.logs()));
    const id = await requestJob(stack, paused);
    await untilBegun(paused);
    expect((await orderJob(stack, id, "pause")).status).toBe("pausing");
    const { objects } = await untilJob(stack, id, ({ status }) => status === "paused");
    const begun = startsOf(stack, paused).size;
    expect(begun).toBeLessThan(objectCount);
    // An object whose start got no response remains, too.
    expect(objects.remaining).toBeGreaterThanOrEqual(objectCount - begun);
    expect(objects.copied + objects.remaining).toBe(objectCount);
    await stack.wait(2_000);
    // A start that the app has given up may still arrive.
    expect(startsOf(stack, paused).size).toBeLessThanOrEqual(begun + callsAtOnce);
    await orderJob(stack, id, "resume");
    await expectAllCopied(await untilJob(stack, id, hasEnded), paused);
  });

  test("keeps what is copied when it is aborted, and leaves nothing else", async () => {
    onTestFailed(() => console.error(stack.logs()));
    const id = await requestJob(stack, aborted);
    await untilBegun(aborted);
    expect((await orderJob(stack, id, "abort")).status).toBe("aborting");
    const job = await untilJob(stack, id, hasEnded);
    expect(job).toMatchObject({ status: "aborted", error: null });
    const lines = await expectExactReport(stack, job, aborted);
    const starts = startsOf(stack, aborted);
    expect(new Set(starts.values())).toEqual(new Set([1]));
    const outcomes = objectNames.map((each, index) => {
      if (!starts.has(each)) return "not-started";
      return index % 2 === 1 ? "aborted" : "copied";
    });
    expect(lines.map(({ outcome }) => outcome)).toEqual(outcomes);
    expect(outcomes).toContain("not-started");
    await expectWithinDurableLimits(stack, id);
  });
});

test("no message of these jobs was too long for a queue", async () => {
  expect(await listLongMessages(inject("hubStorage"), name)).toEqual([]);
});
