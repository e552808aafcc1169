import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  addBytes,
  extend,
  openThroughput,
  peakRate,
} from "../../../src/dashboard/page/state/throughput.ts";

const opened = 1_000_000;
const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

test("bytes are spread over the time in which they were copied", () => {
  const throughput = addBytes(openThroughput(opened), {
    bytes: 6_000,
    from: opened + 1_000,
    to: opened + 7_000,
  });
  expect(throughput.bucketMs).toBe(2_000);
  expect(throughput.buckets.map(Math.round)).toEqual([1_000, 2_000, 2_000, 1_000]);
  expect(throughput.totalBytes).toBe(6_000);
  expect(peakRate(throughput)).toBeCloseTo(1_000);
});

test("bytes that were copied before the page was opened do not count", () => {
  const before = addBytes(openThroughput(opened), { bytes: 9, from: 0, to: opened });
  expect(before.totalBytes).toBe(0);
  const half = addBytes(openThroughput(opened), {
    bytes: 1_000,
    from: opened - 2_000,
    to: opened + 2_000,
  });
  expect(half.totalBytes).toBeCloseTo(500);
});

test("bytes of one moment go into one bucket", () => {
  const at = opened + 3_000;
  const { buckets } = addBytes(openThroughput(opened), { bytes: 7, from: at, to: at });
  expect(buckets).toEqual([0, 7]);
});

test("a page that is open for a day has at most 120 buckets, and loses no byte", () => {
  const hours = fc.array(
    fc.record({ bytes: fc.nat(1_000_000), from: fc.nat(86_400_000), took: fc.nat(600_000) }),
    { minLength: 1, maxLength: 40 },
  );
  fc.assert(
    fc.property(hours, (copies) => {
      let throughput = openThroughput(opened);
      for (const { bytes, from, took } of copies) {
        const begin = opened + from;
        throughput = addBytes(throughput, { bytes, from: begin, to: begin + took });
      }
      throughput = extend(throughput, opened + 90_000_000);
      expect(throughput.buckets.length).toBeLessThanOrEqual(120);
      const total = sum(copies.map(({ bytes }) => bytes));
      expect(throughput.totalBytes).toBeCloseTo(total);
      expect(sum(throughput.buckets)).toBeCloseTo(total, 0);
    }),
  );
});
