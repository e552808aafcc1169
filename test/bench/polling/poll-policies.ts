import { drawFrom } from "./draw.ts";
import {
  backOff,
  benchSeed,
  clairvoyant,
  ferry,
  fixed,
  historyEvents,
  poll,
  quantile,
} from "./simulate.ts";
import type { Polled } from "./simulate.ts";
import { count, type Table } from "../table.ts";
import { shapes, drawTrace } from "./traces.ts";
import type { Shape, Trace } from "./traces.ts";

const tracesOfShape = 200;
const hour = 3_600_000;
/** Timers fire up to this late (ms); 0 shows the policy alone. */
const latenesses = [0, 1_000, 10_000, 30_000];

const pollers = [
  ferry,
  fixed("every 15 s (SDK)", 15_000),
  fixed("every 2 s (sample)", 2_000),
  backOff,
  clairvoyant,
];

/** Simulates when Ferry and other policies poll a copy. All get the same traces. */
export function comparePolicies(): Table[] {
  const seed = benchSeed();
  const draw = drawFrom(seed);
  const many = (shape: Shape) =>
    Array.from({ length: tracesOfShape }, () => drawTrace(shape, draw));
  const all = shapes.map((shape) => ({ what: shape, traces: many(shape) }));
  const steadyHours = Array.from({ length: tracesOfShape }, () =>
    // Not a multiple of the other policies' intervals, which would favor them.
    drawTrace("steady", draw, { durationMs: Math.round(hour + draw.between(0, 30_000)) }),
  );
  const compared = [{ what: "steady, 1 h", traces: steadyHours }, ...all];
  const late = compared.filter(({ what }) => what === "steady, 1 h" || what === "bursty");
  return [policyTable(compared, seed), latenessTable(late, seed)];
}

type Group = { what: string; traces: readonly Trace[] };

function policyTable(groups: readonly Group[], seed: number): Table {
  const rows = groups.flatMap(({ what, traces }) => {
    const ours = reads(traces.map((trace) => poll(trace, ferry)));
    return pollers.map((poller) => {
      const polled = traces.map((trace) => poll(trace, poller));
      const lags = polled.map(({ lagMs }) => lagMs);
      const shares = polled.map(({ lagMs }, index) => lagMs / (traces[index]?.durationMs ?? 1));
      return [
        `${what}: ${poller.name}`,
        count(middle(polled.map((each) => each.reads))),
        times(reads(polled) / ours),
        seconds(quantile(lags, 0.5)),
        seconds(quantile(lags, 0.99)),
        percent(quantile(shares, 0.5)),
        percent(quantile(shares, 0.99)),
        count(historyEvents(middle(polled.map((each) => each.reads)))),
      ];
    });
  });
  return {
    title: `When to poll: reads of a copy, and how late its end is noticed (BENCH_SEED=${seed})`,
    columns: ["", "reads p50", "ratio", "lag p50", "lag p99", "% p50", "% p99", "events"],
    rows,
    notes: [
      `Simulated, ${tracesOfShape} traces of each shape, drawn from the seed: durations (1 s to 8 h unless the name says otherwise, uniform on a logarithmic scale), publication steps, chunks, phases. Ratio: all reads over all of Ferry's. Lag in seconds, and as a share of the duration. Events: history of the same orchestration with this many reads (p50). "Knows the future" polls at the end, and every six hours before.`,
    ],
  };
}

function latenessTable(groups: readonly Group[], seed: number): Table {
  const rows = groups.flatMap(({ what, traces }) =>
    latenesses.flatMap((latest) =>
      pollers.map((poller) => {
        const draw = drawFrom(seed);
        const late = () => draw.between(0, latest);
        const polled = traces.map((trace) => poll(trace, poller, { late }));
        const [ours, lags, platform] = [
          polled.map(({ lagMs, lateMs }) => lagMs - lateMs),
          polled.map(({ lagMs }) => lagMs),
          polled.map(({ lateMs }) => lateMs),
        ];
        return [
          `${what}, 0-${latest / 1_000} s late: ${poller.name}`,
          count(middle(polled.map((each) => each.reads))),
          seconds(quantile(lags, 0.5)),
          seconds(quantile(lags, 0.99)),
          seconds(quantile(ours, 0.5)),
          seconds(quantile(platform, 0.5)),
        ];
      }),
    ),
  );
  return {
    title: `The same when the platform's timers fire late (BENCH_SEED=${seed})`,
    columns: ["", "reads p50", "lag p50", "lag p99", "policy's p50", "platform's p50"],
    rows,
    notes: [
      "Every timer is late by a time drawn uniformly from the range. The policy's part is the lag that would remain if the last timer had been on time; the platform's is the rest.",
    ],
  };
}

function reads(polled: readonly Polled[]): number {
  return polled.reduce((sum, each) => sum + each.reads, 0);
}

function middle(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function times(ratio: number): string {
  return ratio >= 10 ? count(Math.round(ratio)) : ratio.toFixed(2);
}

function seconds(milliseconds: number): string {
  const value = milliseconds / 1_000;
  return value >= 100 ? count(Math.round(value)) : value.toFixed(value >= 10 ? 1 : 2);
}

function percent(share: number): string {
  return (share * 100).toFixed(share >= 0.1 ? 0 : 2);
}
