import fc from "fast-check";
import { expect, test } from "vitest";
import {
  fullAllowance,
  refillWakes,
  spendWake,
} from "../../../../src/copy/polling/wake-allowance.ts";
import { epochMs } from "../../../../src/copy/time.ts";

const hour = 3_600_000;
const day = 24 * hour;

/** The number of wakes at these times (epoch ms) that take effect. */
function countSpent(times: readonly number[]): number {
  let allowance = fullAllowance(epochMs(0));
  let spent = 0;
  for (const at of times) {
    const next = spendWake(allowance, epochMs(at));
    if (next === null) continue;
    spent++;
    allowance = next;
  }
  return spent;
}

test("a copy starts with twenty wakes and gets one more every twelve hours: 48 in two weeks", () => {
  expect(countSpent(Array.from({ length: 25 }, () => 0))).toBe(20);
  const often = Array.from({ length: 14 * 24 * 60 }, (_, minute) => minute * 60_000);
  expect(countSpent([...Array.from({ length: 100 }, () => 0), ...often, 14 * day])).toBe(48);
});

test("whenever the wakes arrive, at most 20 and one more per twelve hours take effect", () => {
  const times = fc.array(fc.integer({ min: 0, max: 14 * day }), { maxLength: 300 });
  fc.assert(
    fc.property(times, (some) => {
      const sorted = some.toSorted((a, b) => a - b);
      expect(countSpent(sorted)).toBeLessThanOrEqual(
        20 + Math.floor((sorted.at(-1) ?? 0) / (12 * hour)),
      );
      expect(countSpent(sorted)).toBeGreaterThanOrEqual(Math.min(20, some.length));
    }),
  );
});

test("the time since the last added wake is not lost when a wake is spent", () => {
  let allowance = { wakes: 0, at: epochMs(0) };
  expect(spendWake(allowance, epochMs(12 * hour - 1))).toBeNull();
  allowance = spendWake(allowance, epochMs(18 * hour)) ?? allowance;
  expect(allowance).toEqual({ wakes: 0, at: 12 * hour });
  expect(refillWakes(allowance, epochMs(24 * hour))).toEqual({ wakes: 1, at: 24 * hour });
});

test("a clock that goes back neither adds nor removes a wake", () => {
  expect(refillWakes({ wakes: 3, at: epochMs(day) }, epochMs(0))).toEqual({ wakes: 3, at: day });
});
