import fc from "fast-check";
import { expect, test } from "vitest";
import { busyAgainAt, longestWait, nextReadAt, retryAt } from "../../../src/copy/read-policy.ts";
import type { Observation } from "../../../src/copy/read-policy.ts";

const hour = 3_600_000;

/** Reads that a steady copy of this length takes until it has been seen to end. */
function reads(durationMs: number, totalBytes: number | null): number {
  const observations: Observation[] = [];
  let now = 0;
  for (let count = 1; ; count++) {
    if (now >= durationMs) return count;
    const bytesCopied = Math.floor(((totalBytes ?? 0) * now) / durationMs);
    observations.push({
      at: now,
      progress: totalBytes === null ? null : { bytesCopied, totalBytes },
    });
    now = nextReadAt({ startedAt: 0, observations, readsSinceWake: null, now });
  }
}

test("the next read is after now, and never more than six hours ahead", () => {
  const time = fc.integer({ min: 0, max: 15 * 24 * hour });
  const progress = fc.option(
    fc
      .tuple(fc.nat(), fc.nat())
      .map(([a, b]) => ({ bytesCopied: Math.min(a, b), totalBytes: Math.max(a, b) })),
  );
  const looks = fc.record({
    startedAt: fc.constant(0),
    observations: fc
      .array(fc.record({ at: time, progress }), { maxLength: 20 })
      .map((all) => all.toSorted((a, b) => a.at - b.at)),
    readsSinceWake: fc.option(fc.nat({ max: 5 })),
  });
  fc.assert(
    fc.property(looks, time, (given, later) => {
      const now = (given.observations.at(-1)?.at ?? 0) + later;
      const next = nextReadAt({ ...given, now });
      expect(next).toBeGreaterThanOrEqual(now + 1_000);
      expect(next).toBeLessThanOrEqual(now + longestWait);
    }),
  );
});

test("a steady copy of an hour takes few reads, one without progress not many more", () => {
  expect(reads(hour, 1e9)).toBeLessThan(20);
  expect(reads(hour, null)).toBeLessThan(30);
  expect(reads(14 * 24 * hour, null)).toBeLessThan(90);
});

test("a copy that stalls is looked at less and less, wherever it stalls", () => {
  for (const share of [0.01, 0.5, 0.99, 1]) {
    const observations: Observation[] = [];
    let now = 0;
    let count = 0;
    for (; now < 24 * hour; count++) {
      const bytesCopied = Math.floor(1e9 * Math.min(share, now / hour));
      observations.push({ at: now, progress: { bytesCopied, totalBytes: 1e9 } });
      now = nextReadAt({ startedAt: 0, observations, readsSinceWake: null, now });
    }
    expect([share, count < 60]).toEqual([share, true]);
  }
});

test("no progress whatever makes two weeks cost more than 110 looks", () => {
  const step = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean());
  fc.assert(
    fc.property(fc.array(step, { minLength: 110, maxLength: 110 }), (steps) => {
      const observations: Observation[] = [];
      const totalBytes = 1e12;
      let now = 0;
      let bytesCopied = 0;
      for (const [share, moves] of steps) {
        // Odd progress is what makes a policy look too often: leaps, crawls, and standing still near the end.
        if (moves) bytesCopied += Math.floor((totalBytes - bytesCopied) * share);
        observations.push({ at: now, progress: { bytesCopied, totalBytes } });
        now = nextReadAt({ startedAt: 0, observations, readsSinceWake: null, now });
      }
      expect(now).toBeGreaterThan(14 * 24 * hour);
    }),
  );
});

test("after a wake that says pending the next reads come within 5, 15 and 45 seconds", () => {
  const at = (readsSinceWake: number) =>
    nextReadAt({ startedAt: 0, observations: [], readsSinceWake, now: 10 * hour }) - 10 * hour;
  expect([0, 1, 2].map(at)).toEqual([5_000, 15_000, 45_000]);
  expect(at(3)).toBe(5 * hour);
});

test("calls that Storage does not answer are tried after 2 s, 4 s, 8 s … and as late as Retry-After asks", () => {
  expect([1, 2, 3, 20, 100].map((failures) => retryAt(0, failures, null))).toEqual([
    2_000, 4_000, 8_000, 3_600_000, 3_600_000,
  ]);
  expect(retryAt(0, 1, 120)).toBe(120_000);
  expect(retryAt(0, 1, 1e9)).toBe(longestWait);
  expect(retryAt(0, 30, null, longestWait)).toBe(longestWait);
});

test("another copy is waited for in about forty tries a fortnight, a fifth of the time late at most", () => {
  const fortnight = 14 * 24 * hour;
  let now = 0;
  let tries = 0;
  while (now < fortnight) {
    const due = busyAgainAt(now, { since: 0, tries: ++tries });
    expect(due - now).toBeGreaterThanOrEqual(5_000);
    expect(due - now).toBeLessThanOrEqual(Math.max(hour, Math.min(now / 5 + 1, 24 * hour)));
    now = due;
  }
  expect(tries).toBeGreaterThan(30);
  expect(tries).toBeLessThanOrEqual(42);
});
