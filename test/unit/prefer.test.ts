import { expect, test } from "vitest";
import { readWait } from "../../src/http/prefer.ts";

test.each([
  ["wait=1", 1],
  ["wait=20", 20],
  ["wait=21", 20],
  ["wait=999999999", 20],
  ["WAIT = 5", 5],
  ['wait="7"', 7],
  ["respond-async, wait=10", 10],
  ["wait=3; x=1, wait=9", 3],
  ['note="a, wait=9", wait=4', 4],
  ['note="a \\", wait=9", wait=4', 4],
  ['wait=4, note="a', 4],
  [`wait=4, ${"x".repeat(1_000 - 8)}`, 4],
])("%s asks for %i seconds", (prefer, seconds) => {
  expect(readWait(prefer)).toBe(seconds);
});

test.each([
  null,
  "",
  "wait",
  "wait=",
  "wait=0",
  "wait=-1",
  "wait=1.5",
  "wait=1e1",
  "waits=5",
  "wait=x, wait=5",
  'note="wait=9"',
  "wait=9999999999",
  '"',
  '="',
  'note="a, wait=9',
  '""", wait=9',
  `wait=4, ${"x".repeat(1_001 - 8)}`,
])("%s is ignored", (prefer) => {
  expect(readWait(prefer)).toBeNull();
});

test.each(['"', '"a,', '\\"', '"\\', "=", ",", ";"])(
  "a long header is not read in quadratic time: %j",
  (part) => {
    const before = performance.now();
    expect(readWait(part.repeat(200_000))).toBeNull();
    expect(performance.now() - before).toBeLessThan(1_000);
  },
);
