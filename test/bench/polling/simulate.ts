import { forecast, type Sample } from "../../../src/copy/polling/forecast.ts";
import { firstPollAt, maxWaitMs, nextPollAt } from "../../../src/copy/polling/poll-policy.ts";
import type { Trace } from "./traces.ts";
import { epochMs } from "../../../src/copy/time.ts";

/** Decides when to poll next; all times are ms from the start of the copy. */
export type Poller = {
  name: string;
  /** `read` returns what Storage reports at this time, for policies that use it. */
  begin(trace: Trace, read: () => Sample): { first: number; next(now: number): number };
};

export type Polled = {
  /** Time of each poll; the last one finds the copy completed. Recorded only with `keep`. */
  readTimes: number[];
  reads: number;
  /** From the end of the copy to the poll that found it, and the timer's share of it. */
  lagMs: number;
  lateMs: number;
};

/** `late` draws by how much a timer that is due then fires late (ms). */
export function poll(
  trace: Trace,
  poller: Poller,
  { late = () => 0, keep = false }: { late?: (due: number) => number; keep?: boolean } = {},
): Polled {
  const { durationMs } = trace;
  const readTimes: number[] = [];
  let now = 0;
  const { first, next } = poller.begin(trace, () => ({
    at: epochMs(now),
    progress: trace.progressAt(now),
  }));
  let due = first;
  for (let reads = 1; ; reads++) {
    now = due + late(due);
    if (keep) readTimes.push(now);
    if (now >= durationMs) {
      const lagMs = now - durationMs;
      return { readTimes, reads, lagMs, lateMs: Math.min(lagMs, now - due) };
    }
    due = next(now);
  }
}

/** The product's policy, with the input that its orchestration would have. */
export const ferry: Poller = {
  name: "Ferry",
  begin(_, read) {
    const observations: Sample[] = [];
    return {
      first: firstPollAt(epochMs(0)),
      next(now) {
        observations.push(read());
        const reads = observations.length;
        const prediction = forecast(observations, epochMs(0));
        return nextPollAt({
          startedAt: epochMs(0),
          samples: observations,
          forecast: prediction,
          polls: reads,
          now: epochMs(now),
        });
      },
    };
  },
};

export function fixed(name: string, intervalMs: number): Poller {
  return { name, begin: () => ({ first: intervalMs, next: (now) => now + intervalMs }) };
}

/** Waits double from a second to a minute. */
export const backOff: Poller = {
  name: "back-off to 60 s",
  begin() {
    let wait = 1_000;
    const next = (now: number) => now + (wait = Math.min(60_000, wait * 2));
    return { first: wait, next };
  },
};

/** The theoretical optimum: the end is known; no timer can be longer than six hours. */
export const clairvoyant: Poller = {
  name: "knows the future",
  begin({ durationMs }) {
    const next = (now: number) => Math.min(durationMs, now + maxWaitMs);
    return { first: next(0), next };
  },
};

/**
 * History events of a copy with this many polls: eight for each timer and its read, plus those of start
 * and settle. The end-to-end test compares the result with a real history.
 */
export function historyEvents(reads: number): number {
  return 12 + 8 * reads;
}

/**
 * Error of the end estimated after a third of the bytes, as a share of the remaining
 * time; null if there was no poll at that point, or no estimate.
 */
export function estimateError(trace: Trace): number | null {
  const { readTimes } = poll(trace, ferry, { keep: true });
  const observations: Sample[] = [];
  for (const at of readTimes.slice(0, -1)) {
    const progress = trace.progressAt(at);
    observations.push({ at: epochMs(at), progress });
    if (progress === null || progress.bytesCopied * 3 < progress.totalBytes) continue;
    const seen = forecast(observations, epochMs(0));
    return "completesAt" in seen
      ? Math.abs(seen.completesAt - trace.durationMs) / (trace.durationMs - at)
      : null;
  }
  return null;
}

/** The trace as a list of changes for the emulator to play; the last one is the end. */
export function toSteps(trace: Trace): { afterMs: number; bytesCopied: number }[] {
  const bytesAt = (ms: number) => trace.progressAt(ms)?.bytesCopied ?? 0;
  const steps: { afterMs: number; bytesCopied: number }[] = [];
  const { durationMs, totalBytes } = trace;
  for (let at = 0; bytesAt(at) < bytesAt(durationMs - 1);) {
    let [before, after] = [at, durationMs - 1];
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (bytesAt(middle) > bytesAt(at)) after = middle;
      else before = middle;
    }
    at = after;
    steps.push({ afterMs: at, bytesCopied: bytesAt(at) });
  }
  return [...steps, { afterMs: durationMs, bytesCopied: totalBytes }];
}

/** Random for every run; `BENCH_SEED` repeats a run. */
export function benchSeed(): number {
  return Number(process.env["BENCH_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
}

/** The smallest value that is not exceeded by this share (0 to 1) of all values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
