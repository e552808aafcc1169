import fc from "fast-check";
import { expect, test } from "vitest";
import type { Progress } from "../../../src/copy/contract/copy-status.ts";
import { forecast } from "../../../src/copy/polling/forecast.ts";
import type { Sample } from "../../../src/copy/polling/forecast.ts";
import { firstPollAt, maxWaitMs, nextPollAt } from "../../../src/copy/polling/poll-policy.ts";
import { busyRetryAt, retryAt } from "../../../src/copy/polling/backoff.ts";
import { epochMs, plusMs } from "../../../src/copy/time.ts";

const hour = 3_600_000;

const fortnight = 14 * 24 * hour;
const start = epochMs(0);

/** The number of polls of a copy with the given progress and wakes until `end`, ms from the start. */
function countPolls(
  end: number,
  { progressAt, wakes = 0 }: { progressAt: (now: number) => Progress | null; wakes?: number },
): number {
  const observations: Sample[] = [];
  let readsSinceWake: number | null = null;
  let reads = 0;
  for (let now = firstPollAt(start); now < end;) {
    reads++;
    observations.push({ at: now, progress: progressAt(now) });
    const prediction = forecast(observations, start);
    const due = nextPollAt({
      startedAt: start,
      samples: observations,
      forecast: prediction,
      polls: reads,
      pollsSinceWake: readsSinceWake,
      now,
    });
    if (wakes > 0) {
      wakes--;
      readsSinceWake = 0;
      now = plusMs(now, 1);
    } else {
      if (readsSinceWake !== null) readsSinceWake++;
      now = due;
    }
  }
  return reads;
}

test("the next read is after now, and never more than six hours ahead", () => {
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
    pollsSinceWake: fc.option(fc.nat({ max: 5 })),
  });
  fc.assert(
    fc.property(looks, time, (given, later) => {
      const now = plusMs(later, given.samples.at(-1)?.at ?? 0);
      const seen = forecast(given.samples, start);
      const next = nextPollAt({ ...given, forecast: seen, now });
      expect(next).toBeGreaterThanOrEqual(now + 1_000);
      expect(next).toBeLessThanOrEqual(now + maxWaitMs);
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

test("whatever the progress, two weeks cost at most 80 polls, plus one per wake", () => {
  const step = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean());
  const steps = fc.array(step, { minLength: 20, maxLength: 120 });
  fc.assert(
    fc.property(steps, fc.nat({ max: 20 }), (steps, wakes) => {
      const totalBytes = 1e12;
      let look = 0;
      let bytesCopied = 0;
      // Irregular progress makes a policy poll too often: jumps, slow phases, and stalls near the end.
      const progressAt = () => {
        const [share, moves] = steps[look++ % steps.length] ?? [0, false];
        if (moves) bytesCopied += Math.floor((totalBytes - bytesCopied) * share);
        return { bytesCopied, totalBytes };
      };
      expect(countPolls(fortnight, { progressAt, wakes })).toBeLessThanOrEqual(80 + wakes);
    }),
  );
});

test("after a wake that finds the copy pending, the next reads come within 5, 15 and 45 seconds", () => {
  const prediction = forecast([], start);
  const at = (readsSinceWake: number) =>
    nextPollAt({
      startedAt: start,
      samples: [],
      forecast: prediction,
      polls: 1,
      pollsSinceWake: readsSinceWake,
      now: epochMs(10 * hour),
    }) -
    10 * hour;
  expect([0, 1, 2].map(at)).toEqual([5_000, 15_000, 45_000]);
  expect(at(3)).toBe(5 * hour);
});

test("calls that Storage does not answer are tried after 2 s, 4 s, 8 s … and as late as Retry-After asks", () => {
  expect([1, 2, 3, 20, 100].map((failures) => retryAt(start, failures, null))).toEqual([
    2_000, 4_000, 8_000, 3_600_000, 3_600_000,
  ]);
  expect(retryAt(start, 1, 120)).toBe(120_000);
  expect(retryAt(start, 1, 1e9)).toBe(maxWaitMs);
  expect(retryAt(start, 30, null, maxWaitMs)).toBe(maxWaitMs);
});

test("waiting for another copy takes about forty tries in two weeks, and is late by at most a fifth of the time", () => {
  let now = start;
  let tries = 0;
  while (now < fortnight) {
    const due = busyRetryAt(now, { since: start, tries: ++tries });
    expect(due - now).toBeGreaterThanOrEqual(5_000);
    expect(due - now).toBeLessThanOrEqual(Math.max(hour, Math.min(now / 5 + 1, 24 * hour)));
    now = due;
  }
  expect(tries).toBeGreaterThan(30);
  expect(tries).toBeLessThanOrEqual(42);
});
