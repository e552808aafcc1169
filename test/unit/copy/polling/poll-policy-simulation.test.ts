import { expect, test } from "vitest";
import { drawFrom } from "../../../bench/polling/draw.ts";
import {
  estimateError,
  ferry,
  fixed,
  poll,
  quantile,
  historyEvents,
} from "../../../bench/polling/simulate.ts";
import { drawTrace } from "../../../bench/polling/traces.ts";
import type { Shape, Trace, TraceOptions } from "../../../bench/polling/traces.ts";
import { seedFor } from "../../../support/seeds.ts";

const seed = seedFor("BENCH_SEED");
/** True shares are near 0.8 %. With this many copies, chance does not raise them to 1 %. */
const traces = 40_000;
const [second, hour] = [1_000, 3_600_000];

function many(shape: Shape, length = traces, given?: Partial<TraceOptions>): Trace[] {
  const draw = drawFrom(seed);
  return Array.from({ length }, () => drawTrace(shape, draw, given));
}

/** The share of traces with more polls, or a longer lag, than this. */
function beyond(
  all: readonly Trace[],
  most: { reads: number; lagMs: (trace: Trace) => number },
  late: () => number = () => 0,
): number {
  const over = all.filter((trace) => {
    const { reads, lagMs } = poll(trace, ferry, { late });
    return reads > most.reads || lagMs > most.lagMs(trace);
  });
  return over.length / all.length;
}

test(`99 % of steady copies up to 8 h take at most 8 reads, with a lag of at most 1 s, 1 % or one step (BENCH_SEED=${seed})`, () => {
  const lagMs = ({ durationMs, stepMs }: Trace) => Math.max(second, durationMs / 100, stepMs);
  expect(beyond(many("steady"), { reads: 8, lagMs })).toBeLessThanOrEqual(0.01);
});

test(`a timer's additional second adds no reads, and only that second to the lag (BENCH_SEED=${seed})`, () => {
  const draw = drawFrom(seed);
  const late = () => draw.between(0, second);
  const lagMs = ({ durationMs, stepMs }: Trace) =>
    Math.max(second, durationMs / 100, stepMs) + second;
  expect(beyond(many("steady"), { reads: 8, lagMs }, late)).toBeLessThanOrEqual(0.01);
});

test.each([{ shape: "bursty" }, { shape: "staircase" }] as const)(
  `99 % of $shape copies take at most 25 reads, with a lag of at most 2 s, 5 % or one step (BENCH_SEED=${seed})`,
  ({ shape }) => {
    const lagMs = ({ durationMs, stepMs }: Trace) => Math.max(2 * second, durationMs / 20, stepMs);
    expect(beyond(many(shape), { reads: 25, lagMs })).toBeLessThanOrEqual(0.01);
  },
);

test(`steady copies up to 14 days take at most 70 reads (BENCH_SEED=${seed})`, () => {
  const reads = many("14 days", 500).map((trace) => poll(trace, ferry).reads);
  expect(Math.max(...reads)).toBeLessThanOrEqual(70);
  // One every six hours for three days, then one every twelve: these copies are long enough.
  expect(Math.max(...reads)).toBeGreaterThan(12 + 22);
});

test(`steady copies of an hour take a twentieth of the reads of polling every 15 s, and less lag (BENCH_SEED=${seed})`, () => {
  const all = many("steady", 2_000, { durationMs: hour });
  const ours = all.map((trace) => poll(trace, ferry));
  // The end is anywhere between two polls of the other policy.
  const draw = drawFrom(seed);
  const theirs = all.map((trace) => {
    const late = draw.between(0, 15 * second);
    return poll({ ...trace, durationMs: hour + late }, fixed("SDK", 15 * second));
  });
  const sum = (polled: { reads: number }[]) => polled.reduce((all, { reads }) => all + reads, 0);
  const lag = (polled: { lagMs: number }[]) =>
    quantile(
      polled.map(({ lagMs }) => lagMs),
      0.5,
    );
  expect(sum(theirs) / sum(ours)).toBeGreaterThanOrEqual(20);
  expect(lag(ours)).toBeLessThan(lag(theirs));
});

test(`no shape needs a history of 1,000 events, including 48 wakes (BENCH_SEED=${seed})`, () => {
  const shapes = ["14 days", "stalled, then on", "unknown total", "slow start"] as const;
  const reads = shapes.flatMap((shape) =>
    many(shape, 500).map((trace) => poll(trace, ferry).reads),
  );
  // A wake costs three events, and at most one additional poll.
  expect(historyEvents(Math.max(...reads) + 48) + 48 * 3).toBeLessThan(1_000);
});

test(`after a third of a bursty copy, the estimated end is off by at most 15 % of the remaining time (BENCH_SEED=${seed})`, () => {
  const errors = many("bursty", 2_000).map(estimateError);
  const estimates = errors.filter((error) => error !== null);
  expect(estimates.length).toBeGreaterThan(1_000);
  expect(quantile(estimates, 0.5)).toBeLessThanOrEqual(0.15);
});
