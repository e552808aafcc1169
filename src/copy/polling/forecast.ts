import { latest, plusMs } from "../time.ts";
import type { EpochMs } from "../time.ts";
import type { Progress } from "../contract/copy-status.ts";
import { day, minute } from "../durations.ts";

/** One poll of a pending copy: when (epoch ms), and the progress that Storage reported. */
export type Sample = { at: EpochMs; progress: Progress | null };

/** The result of analyzing the polls of a pending copy so far. Times are epoch ms, rates bytes per ms. */
export type Forecast =
  /** Storage reports no progress, or no byte yet. */
  | { kind: "unknown" }
  /**
   * One rate since the start explains every poll, as precisely as the published steps allow. The copy
   * completes between `earliest` and `latest`.
   */
  | {
      kind: "steady";
      rate: number;
      completesAt: EpochMs;
      earliest: EpochMs;
      latest: EpochMs;
      /** Time from one published step to the next; 0 until enough changes have shown it. */
      stepMs: number;
      /** How many different values above zero the polls returned. */
      changes: number;
    }
  /** No single rate explains the polls: the copy started late, moves in bursts, stood still or changes speed. */
  | { kind: "uneven"; rate: number; completesAt: EpochMs }
  /** No progress since `since`, although some was due. `remainingMs`: if it resumed now at its former rate. */
  | { kind: "stalled"; since: EpochMs; remainingMs: number };

/** A standstill is a stall when this many published steps are overdue, and not before `minStallMs`. */
const overdueSteps = 3;
const minStallMs = minute;
/** An uneven copy has the rate of the latest part of its moving time: this share of it. */
const windowShare = 2 / 3;

/** The bytes of a copy at a time. The first point is the copy's start, with no byte. */
type Point = { at: EpochMs; bytes: number };

/** Forecasts a pending copy from its polls, oldest first; `startedAt` is epoch ms. */
export function forecast(samples: readonly Sample[], startedAt: EpochMs): Forecast {
  const total = samples.at(-1)?.progress?.totalBytes ?? 0;
  const points = toPoints(samples, { startedAt, total });
  const last = points.at(-1);
  if (last === undefined || last.bytes === 0) return { kind: "unknown" };
  const steps = publishedSteps(points);
  const remainingBytes = total - last.bytes;

  // From the last point without a byte: a copy may have waited before it began.
  const moving = points.slice(Math.max(0, points.findIndex(({ bytes }) => bytes > 0) - 1));
  const origin = moving[0] ?? last;
  const lastChange = points.find(({ bytes }) => bytes === last.bytes) ?? last;
  const averageRate = rateBetween(origin, lastChange);
  const overdueMs = (overdueSteps * steps.widest) / averageRate;
  if (last.at - lastChange.at > Math.max(minStallMs, overdueMs)) {
    const remainingMs = Math.max(0, remainingBytes - steps.likely) / averageRate;
    return { kind: "stalled", since: lastChange.at, remainingMs };
  }

  const steady = steadyRates(points, startedAt, steps);
  if (steady !== null) {
    // On average, half a step is copied and not yet published.
    const unpublished = (steps.measure > 0 ? steps.measure : steps.likely) / 2;
    const rate = Math.max(steady.slowest, (last.bytes + unpublished) / (last.at - startedAt));
    return {
      kind: "steady",
      rate,
      completesAt: latest(last.at, plusMs(startedAt, total / rate)),
      earliest: latest(last.at, plusMs(startedAt, total / steady.fastest)),
      latest: plusMs(startedAt, total / steady.slowest),
      stepMs: steps.proven / rate,
      changes: steps.changes,
    };
  }
  const from = last.at - (last.at - origin.at) * windowShare;
  const recentRate = rateBetween(moving.findLast(({ at }) => at <= from) ?? origin, last);
  const rate = recentRate > 0 ? recentRate : rateBetween(origin, last);
  const completesAt = plusMs(last.at, Math.max(0, remainingBytes - steps.likely / 2) / rate);
  return { kind: "uneven", rate, completesAt };
}

/** Storage allows a copy two weeks ("Copy Blob"); a completion beyond that is not a useful estimate. */
const maxEstimateMs = 15 * day;

/** The last poll of a forecast, and when the copy was started (epoch ms). */
export type LastPoll = Sample & { startedAt: EpochMs };

/**
 * The rate and completion time to report. Null while a published step leaves more uncertainty than time
 * remains, while the copy is stalled, and when it would take longer than Storage allows.
 */
export function estimateCompletion(
  current: Forecast,
  { at: now, startedAt }: LastPoll,
): { rate: number; completesAt: EpochMs } | null {
  if (current.kind === "unknown" || current.kind === "stalled") return null;
  const { rate, completesAt } = current;
  if (current.kind === "steady" && current.latest - current.earliest > completesAt - now) {
    return null;
  }
  return completesAt - startedAt > maxEstimateMs ? null : { rate, completesAt };
}

/** A copy without progress may wait in Storage's queue; after this time it is reported as stalled. */
const maxQueueMs = 10 * minute;

/** The time since which there is no progress (epoch ms); null while there is some, and while Storage reports none. */
export function stalledSince(
  current: Forecast,
  { at: now, progress, startedAt }: LastPoll,
): EpochMs | null {
  if (current.kind === "stalled") return current.since;
  const isIdle = progress?.bytesCopied === 0 && now - startedAt > maxQueueMs;
  return isIdle ? startedAt : null;
}

/** Points never go back and never exceed the total, regardless of Storage's reports. */
function toPoints(
  samples: readonly Sample[],
  { startedAt, total }: { startedAt: EpochMs; total: number },
): Point[] {
  const points: Point[] = [{ at: startedAt, bytes: 0 }];
  for (const { at, progress } of samples) {
    const before = points.at(-1);
    if (progress === null || before === undefined || at <= before.at) continue;
    points.push({ at, bytes: Math.min(total, Math.max(before.bytes, progress.bytesCopied)) });
  }
  return points;
}

/** The known bounds of the steps (in bytes) in which Storage publishes progress. */
type Steps = {
  /** Upper bound of a step: the smallest difference between two published values. */
  widest: number;
  likely: number;
  /** Greatest common divisor of all differences; 0 until there are two. */
  measure: number;
  /** The same, once there are three: the lag that a step can explain. */
  proven: number;
  changes: number;
};

/** A step is assumed to be this share of the smallest difference, unless the common divisor is larger. */
const likelyShare = 0.5;

function publishedSteps(points: readonly Point[]): Steps {
  const values = [...new Set(points.map(({ bytes }) => bytes))].slice(1); // the first is the start, with no byte
  const differences = values.slice(1).map((bytes, index) => bytes - (values[index] ?? 0));
  const changes = values.length;
  const first = values[0] ?? 0;
  const widest = changes === 1 ? 2 * first : Math.min(...differences);
  const measure = changes < 3 ? 0 : differences.reduce(greatestCommonDivisor, 0);
  if (changes < 4) return { widest, likely: widest, measure, proven: 0, changes };
  const likely = Math.min(widest, Math.max(likelyShare * widest, measure));
  return { widest, likely, measure, proven: Math.min(first, measure), changes };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/**
 * The rates of all straight lines from the start that fit the points; null if none does. A point shows
 * the bytes copied, rounded down to a published step: at least its bytes, and less than one step more.
 */
function steadyRates(
  points: readonly Point[],
  startedAt: EpochMs,
  { widest, likely }: Steps,
): { slowest: number; fastest: number } | null {
  let slowest = 0;
  let fastest = Infinity;
  let possible = Infinity;
  for (const { at, bytes } of points.slice(1)) {
    slowest = Math.max(slowest, bytes / (at - startedAt));
    fastest = Math.min(fastest, (bytes + likely) / (at - startedAt));
    possible = Math.min(possible, (bytes + widest) / (at - startedAt));
  }
  return slowest > possible ? null : { slowest, fastest: Math.max(slowest, fastest) };
}

function rateBetween(from: Point, to: Point): number {
  return (to.bytes - from.bytes) / Math.max(1, to.at - from.at);
}
