import type { Progress } from "../contract/copy-status.ts";

/** One look at a pending copy: when (epoch ms), and what it showed. */
export type Sample = { at: number; progress: Progress | null };

/** What the looks so far say of a pending copy. Times are epoch ms, rates bytes per ms. */
export type Forecast =
  /** Storage tells no progress, or no byte yet. */
  | { kind: "unknown" }
  /**
   * One rate since the start explains every look, as far as published steps let it be known: the end
   * lies between `earliest` and `latest`.
   */
  | {
      kind: "steady";
      rate: number;
      end: number;
      earliest: number;
      latest: number;
      /** Time from one published step to the next; 0 while too few changes have shown it. */
      stepMs: number;
      /** Values other than none that were seen. */
      changes: number;
    }
  /** No single rate does: it started late, goes in bursts, stood still, or changes its speed. */
  | { kind: "uneven"; rate: number; end: number }
  /** Nothing more since `since`, though more was due; `left` in ms, if it went on as before at once. */
  | { kind: "stalled"; since: number; left: number };

/** Published steps that must be overdue before standing still is a stall, and the shortest one in ms. */
const stepsOverdue = 3;
const minStallMs = 60_000;
/** The rate of an uneven copy is that of this share of its moving time, the latest. */
const windowShare = 2 / 3;

/** A copy seen at a time. The first of them is its start, with no byte. */
type Point = { at: number; bytes: number };

export function forecast(observations: readonly Sample[], startedAt: number): Forecast {
  const total = observations.at(-1)?.progress?.totalBytes ?? 0;
  const points = toPoints(observations, { startedAt, total });
  const last = points.at(-1);
  if (last === undefined || last.bytes === 0) return { kind: "unknown" };
  const steps = publishedSteps(points);
  const left = total - last.bytes;

  // From the last look that showed nothing: a copy may have waited before it began.
  const moving = points.slice(Math.max(0, points.findIndex(({ bytes }) => bytes > 0) - 1));
  const origin = moving[0] ?? last;
  const still = points.find(({ bytes }) => bytes === last.bytes) ?? last;
  const usual = rateBetween(origin, still);
  if (last.at - still.at > Math.max(minStallMs, (stepsOverdue * steps.widest) / usual)) {
    return { kind: "stalled", since: still.at, left: Math.max(0, left - steps.likely) / usual };
  }

  const steady = steadyRates(points, startedAt, steps);
  if (steady !== null) {
    // On the average half a step is copied and not yet published.
    const unseen = (steps.measure > 0 ? steps.measure : steps.likely) / 2;
    const rate = Math.max(steady.slowest, (last.bytes + unseen) / (last.at - startedAt));
    return {
      kind: "steady",
      rate,
      end: Math.max(last.at, startedAt + total / rate),
      earliest: Math.max(last.at, startedAt + total / steady.fastest),
      latest: startedAt + total / steady.slowest,
      stepMs: steps.proven / rate,
      changes: steps.changes,
    };
  }
  const from = last.at - (last.at - origin.at) * windowShare;
  const recent = rateBetween(moving.findLast(({ at }) => at <= from) ?? origin, last);
  const rate = recent > 0 ? recent : rateBetween(origin, last);
  return { kind: "uneven", rate, end: last.at + Math.max(0, left - steps.likely / 2) / rate };
}

/** Storage gives a copy two weeks ("Copy Blob"); an end beyond that is no estimate. */
const maxEstimateMs = 15 * 86_400_000;

/** The look that a forecast ends with, and when the copy was started (epoch ms). */
export type LastPoll = Sample & { startedAt: number };

/**
 * Rate and end as they may be told: null while a published step leaves more open than what is left,
 * while the copy stands still, and where it would take more time than Storage gives it.
 */
export function estimateCompletion(
  seen: Forecast,
  { at: now, startedAt }: LastPoll,
): { rate: number; end: number } | null {
  if (seen.kind === "unknown" || seen.kind === "stalled") return null;
  const { rate, end } = seen;
  if (seen.kind === "steady" && seen.latest - seen.earliest > end - now) return null;
  return end - startedAt > maxEstimateMs ? null : { rate, end };
}

/** A copy without a byte may wait in a queue; after this it is worth a word. */
const maxQueueMs = 600_000;

/** Since when the progress stands still, epoch ms; null while it moves, and while none is told. */
export function stalledSince(
  seen: Forecast,
  { at: now, progress, startedAt }: LastPoll,
): number | null {
  if (seen.kind === "stalled") return seen.since;
  const isIdle = progress?.bytesCopied === 0 && now - startedAt > maxQueueMs;
  return isIdle ? startedAt : null;
}

/** Whatever was told, progress never goes back and never beyond the whole. */
function toPoints(
  observations: readonly Sample[],
  { startedAt, total }: { startedAt: number; total: number },
): Point[] {
  const points: Point[] = [{ at: startedAt, bytes: 0 }];
  for (const { at, progress } of observations) {
    const before = points.at(-1);
    if (progress === null || before === undefined || at <= before.at) continue;
    points.push({ at, bytes: Math.min(total, Math.max(before.bytes, progress.bytesCopied)) });
  }
  return points;
}

/** What can be told of the steps in which Storage publishes a progress, in bytes. */
type Steps = {
  /** No step is wider: nothing was seen between two values this far apart. */
  widest: number;
  likely: number;
  /** What all differences are multiples of; 0 before there are two. */
  measure: number;
  /** The same, once there are three: the lag that a step excuses. */
  proven: number;
  changes: number;
};

/** Of the narrowest difference seen: half of it is taken for a step unless a common measure is wider. */
const likelyShare = 0.5;

function publishedSteps(points: readonly Point[]): Steps {
  const values = [...new Set(points.map(({ bytes }) => bytes))].slice(1); // the first is none
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
 * The rates that one straight line from the start allows. A look shows what was copied rounded down:
 * that much at least, and less than a step more.
 */
function steadyRates(
  points: readonly Point[],
  startedAt: number,
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
