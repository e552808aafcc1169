import { forecast, type Sample } from "../../src/copy/polling/forecast.ts";
import { firstPollAt, maxWaitMs, nextPollAt } from "../../src/copy/polling/poll-policy.ts";
import type { Trace } from "./traces.ts";
import { epochMs } from "../../src/copy/time.ts";

/** Decides when to look again; all times are ms from the start of the copy. */
export type Poller = {
  name: string;
  /** `look` tells what Storage shows at this time, for those who mind it. */
  begin(trace: Trace, look: () => Sample): { first: number; next(now: number): number };
};

export type Polled = {
  /** When each read was made; the last one saw the end. Kept only where asked for. */
  readTimes: number[];
  reads: number;
  /** From the end of the copy to the read that saw it, and what of it the timer's lateness made. */
  lagMs: number;
  lateMs: number;
};

/** `late` draws by how much a timer fires too late. */
export function poll(
  trace: Trace,
  poller: Poller,
  { late = () => 0, keep = false }: { late?: () => number; keep?: boolean } = {},
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
    now = due + late();
    if (keep) readTimes.push(now);
    if (now >= durationMs) {
      const lagMs = now - durationMs;
      return { readTimes, reads, lagMs, lateMs: Math.min(lagMs, now - due) };
    }
    due = next(now);
  }
}

/** The product's own policy, fed with what its orchestration would see. */
export const ferry: Poller = {
  name: "Ferry",
  begin(_, look) {
    const observations: Sample[] = [];
    return {
      first: firstPollAt(epochMs(0)),
      next(now) {
        observations.push(look());
        const reads = observations.length;
        const seen = forecast(observations, epochMs(0));
        return nextPollAt({
          startedAt: epochMs(0),
          samples: observations,
          forecast: seen,
          polls: reads,
          pollsSinceWake: null,
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

/** The best that is possible: knows the end, and that no timer may be longer than six hours. */
export const clairvoyant: Poller = {
  name: "knows the future",
  begin({ durationMs }) {
    const next = (now: number) => Math.min(durationMs, now + maxWaitMs);
    return { first: next(0), next };
  },
};

/**
 * History events of a copy that took so many reads: eight for each timer and its read, and what start
 * and settling take. The end-to-end test compares it with a real history.
 */
export function historyEvents(reads: number): number {
  return 20 + 8 * reads;
}

/**
 * How far the end that is told once a third of the bytes are shown is off, as a share of the time that
 * was left; null when no look was made then, or nothing was told.
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

/** The trace as a list of changes, for the emulator to play; the last one is the end. */
export function stepsOf(trace: Trace): { afterMs: number; bytesCopied: number }[] {
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

/** Drawn anew for every run; `BENCH_SEED` replays one. */
export function benchSeed(): number {
  return Number(process.env["BENCH_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
}

/** The smallest value that this share of all (0 to 1) does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
