import fc from "fast-check";
import { expect, test } from "vitest";
import { parseSchedule } from "../../../src/local/host/triggers/schedule.ts";

const after = (expression: string, from: string, count: number) => {
  const schedule = parseSchedule(expression);
  const times: string[] = [];
  let time: number | undefined = Date.parse(from);
  for (let index = 0; index < count; index++) {
    time = time === undefined ? undefined : schedule.next(time);
    times.push(time === undefined ? "never" : new Date(time).toISOString().replace(".000Z", ""));
  }
  return times;
};

test.each([
  ["every 20 seconds", "*/20 * * * * *", ["2026-01-31T23:59:40", "2026-02-01T00:00:00"]],
  ["every hour", "0 0 * * * *", ["2026-02-01T00:00:00", "2026-02-01T01:00:00"]],
  ["five fields have no seconds", "30 4 * * *", ["2026-02-01T04:30:00", "2026-02-02T04:30:00"]],
  ["a list and a range", "0 0 9-10,17 * * *", ["2026-02-01T09:00:00", "2026-02-01T10:00:00"]],
  ["a value with a step", "0 5/40 * * * *", ["2026-02-01T00:05:00", "2026-02-01T00:45:00"]],
  ["names", "0 0 0 * Mar Mon-Tue", ["2026-03-02T00:00:00", "2026-03-03T00:00:00"]],
  ["the 29th of February", "0 0 0 29 2 *", ["2028-02-29T00:00:00", "2032-02-29T00:00:00"]],
  ["a day that must be both", "0 0 0 13 * Fri", ["2026-02-13T00:00:00", "2026-03-13T00:00:00"]],
  ["a day that does not exist", "0 0 0 30 2 *", ["never", "never"]],
  ["a reversed range", "0 0 10-9 * * *", ["2026-02-01T09:00:00", "2026-02-01T10:00:00"]],
  [
    "a step above the field's size",
    "0 0 */30 * * *",
    ["2026-02-01T00:00:00", "2026-02-02T00:00:00"],
  ],
  ["a question mark", "0 0 0 ? * Mon", ["2026-02-02T00:00:00", "2026-02-09T00:00:00"]],
  ["a name in full", "0 0 0 * March Sunday", ["2026-03-01T00:00:00", "2026-03-08T00:00:00"]],
  ["an interval", "1.00:00:30", ["2026-02-01T23:59:55", "2026-02-03T00:00:25"]],
])("a schedule returns its next times: %s", (_, expression, times) => {
  expect(after(expression, "2026-01-31T23:59:25", 2)).toEqual(times);
});

test("the next time is always later, and a whole second", () => {
  const schedule = parseSchedule("7,30 */11 3-20 * * *");
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e12 }), (from) => {
      const next = schedule.next(from) ?? 0;
      const date = new Date(next);
      expect(next).toBeGreaterThan(from);
      expect([7_000, 30_000]).toContain(next % 60_000);
      expect(date.getUTCMinutes() % 11).toBe(0);
      expect(date.getUTCHours()).toBeGreaterThanOrEqual(3);
      // No time was skipped: from the millisecond before, the next time is the same.
      expect(schedule.next(next - 1)).toBe(next);
      expect(next - from).toBeLessThan(12 * 3_600_000);
    }),
  );
});

test.each([
  ["* * * *", "fewer than five fields"],
  ["* * * * * * *", "more than six fields"],
  ["0 60 * * * *", `its minute is not between 0 and 59: "60"`],
  ["0 0 0 0 * *", `its day is not between 1 and 31: "0"`],
  ["0 0 0 * * Foo", `its day of week is not between 0 and 6: "Foo"`],
  ["0 */0 * * * *", `the step of its minute is not a whole number above 0: "*/0"`],
  ["0 0 0 L * *", `its day is not between 1 and 31: "L"`],
  ["0 0 0 15W * *", `its day is not between 1 and 31: "15W"`],
  ["0 0 0 * * 5#2", `its day of week is not between 0 and 6: "5#2"`],
  ["0 0 0 * * 7", `its day of week is not between 0 and 6: "7"`],
  ["@daily", "fewer than five fields"],
  ["00:00:00", "its interval is zero"],
])("an invalid schedule is rejected with the reason: %s", (expression, reason) => {
  expect(() => parseSchedule(expression)).toThrow(reason);
});
