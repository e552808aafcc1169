import fc from "fast-check";
import { expect, test } from "vitest";
import type { Progress } from "../../../../src/copy/contract/copy-status.ts";
import { forecast } from "../../../../src/copy/polling/forecast.ts";
import type { Sample } from "../../../../src/copy/polling/forecast.ts";
import {
  firstPollAt,
  followUpsAfter,
  maxWaitMs,
  nextPollAt,
} from "../../../../src/copy/polling/poll-policy.ts";
import { busyRetryAt, retryAt } from "../../../../src/copy/polling/backoff.ts";
import { epochMs, plusMs } from "../../../../src/copy/time.ts";
import type { EpochMs } from "../../../../src/copy/time.ts";
import { historyEvents } from "../../../bench/polling/simulate.ts";

const hour = 3_600_000;

const fortnight = 14 * 24 * hour;
const manyIds = Array.from(
  { length: 100 },
  (_, at) => `01990000-0000-7000-8000-${String(at).padStart(12, "0")}`,
);
const start = epochMs(0);

/** The number of planned polls of a copy with the given progress until `end` (ms from the start). */
function countPolls(
  end: number,
  { progressAt }: { progressAt: (now: number) => Progress | null },
): number {
  const observations: Sample[] = [];
  let reads = 0;
  for (let now = firstPollAt(start); now < end;) {
    reads++;
    observations.push({ at: now, progress: progressAt(now) });
    const prediction = forecast(observations, start);
    now = nextPollAt({
      startedAt: start,
      samples: observations,
      forecast: prediction,
      polls: reads,
      now,
    });
  }
  return reads;
}

test("the next read is after now, and never more than six hours ahead, or twelve after three days", () => {
  const time = fc.integer({ min: 0, max: 15 * 24 * hour }).map(epochMs);
  const progress = fc.option(
    fc
      .tuple(fc.nat(), fc.nat())
      .map(([a, b]) => ({ bytesCopied: Math.min(a, b), totalBytes: Math.max(a, b) })),
  );
  const looks = fc.record({
    startedAt: fc.constant(start),
    polls: fc.nat({ max: 150 }),
    samples: fc
      .array(fc.record({ at: time, progress }), { maxLength: 20 })
      .map((all) => all.toSorted((a, b) => a.at - b.at)),
  });
  fc.assert(
    fc.property(looks, time, (given, later) => {
      const now = plusMs(later, given.samples.at(-1)?.at ?? 0);
      const seen = forecast(given.samples, start);
      const next = nextPollAt({ ...given, forecast: seen, now });
      expect(next).toBeGreaterThanOrEqual(now + 1_000);
      expect(next).toBeLessThanOrEqual(now + (now < 72 * hour ? 6 * hour : 12 * hour));
    }),
  );
});

test("a copy that reports no progress is polled less and less often", () => {
  const unknown = { progressAt: () => null };
  expect(countPolls(hour, unknown)).toBeLessThan(22);
  expect(countPolls(fortnight, unknown)).toBeLessThan(90);
});

test("a stalled copy is polled less and less often, wherever it stalls", () => {
  for (const share of [0, 0.01, 0.5, 0.99, 1]) {
    const progressAt = (now: number) => ({
      bytesCopied: Math.floor(1e9 * Math.min(share, now / hour)),
      totalBytes: 1e9,
    });
    expect([share, countPolls(24 * hour, { progressAt }) <= 32]).toEqual([share, true]);
  }
});

test("for any progress, two weeks cost at most 56 planned polls, so with 48 wakes fewer than 1,000 events", () => {
  const step = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean());
  const steps = fc.array(step, { minLength: 20, maxLength: 120 });
  fc.assert(
    fc.property(steps, (steps) => {
      const totalBytes = 1e12;
      let look = 0;
      let bytesCopied = 0;
      // Irregular progress makes a policy poll too often: jumps, slow phases, and stalls near the end.
      const progressAt = () => {
        const [share, moves] = steps[look++ % steps.length] ?? [0, false];
        if (moves) bytesCopied += Math.floor((totalBytes - bytesCopied) * share);
        return { bytesCopied, totalBytes };
      };
      const polls = countPolls(fortnight, { progressAt });
      expect(polls).toBeLessThanOrEqual(56);
      // A wake costs three events, and one poll.
      expect(historyEvents(polls + 48) + 3 * 48).toBeLessThan(1_000);
    }),
    { numRuns: 500 },
  );
});

test("a wake that found the copy pending is followed up after 5, 20 and 65 seconds", () => {
  expect(followUpsAfter(epochMs(10 * hour)).map((at) => at - 10 * hour)).toEqual([
    5_000, 20_000, 65_000,
  ]);
});

test("calls without a response are retried after 2 s, 4 s, 8 s …, or after the time in Retry-After", () => {
  expect([1, 2, 3, 20, 100].map((failures) => retryAt(start, failures, null))).toEqual([
    2_000, 4_000, 8_000, 3_600_000, 3_600_000,
  ]);
  expect(retryAt(start, 1, 120)).toBe(120_000);
  expect(retryAt(start, 1, 1e9)).toBe(maxWaitMs);
  expect(retryAt(start, 30, null, maxWaitMs)).toBe(maxWaitMs);
});

/** The times of all tries of two weeks. */
function busyTries(instanceId: string): EpochMs[] {
  const tries = [start];
  for (let now = start; now < fortnight; tries.push(now)) {
    const due = busyRetryAt(now, { since: start, tries: tries.length, instanceId });
    expect(due - now).toBeGreaterThanOrEqual(5_000);
    expect(due - now).toBeLessThanOrEqual(Math.max(hour, Math.min(now / 5 + 1, 24 * hour)));
    now = due;
  }
  return tries.slice(1);
}

test("waiting for another copy takes about forty tries in two weeks, and is late by at most a fifth of the time", () => {
  for (const id of manyIds) {
    expect(busyTries(id).length).toBeGreaterThan(30);
    expect(busyTries(id).length).toBeLessThanOrEqual(42);
  }
});

test("copies that begin to wait together try at different times, and the same in every replay", () => {
  const tries = manyIds.map(busyTries);
  expect(manyIds.map(busyTries)).toEqual(tries);
  for (const round of [0, 3, 10, 20]) {
    const times = new Set(tries.map((each) => each[round]));
    expect(times.size).toBeGreaterThan(70);
  }
});
