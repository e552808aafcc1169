import type { Progress } from "../../../src/copy/contract/copy-status.ts";
import type { Draw } from "./draw.ts";

/** The progress of one copy as Storage publishes it. Times are ms from the start. */
export type Trace = {
  shape: Shape;
  durationMs: number;
  /** Mean time between changes of the published progress: the best possible resolution. */
  stepMs: number;
  totalBytes: number;
  /** The progress that a poll at this time returns; null if Storage reports none. */
  progressAt(ms: number): Progress | null;
};

export const shapes = [
  "steady",
  "slow start",
  "bursty",
  "staircase",
  "stalled, then on",
  "sudden end",
  "unknown total",
  "tiny",
  "14 days",
] as const;
export type Shape = (typeof shapes)[number];

/** Parameters of a trace; those that are missing are drawn at random. */
export type TraceOptions = {
  durationMs: number;
  totalBytes: number;
  /** The copy advances in whole chunks. */
  chunkBytes: number;
  /** Storage publishes whole steps; the first is shorter by `phase` (0 to 1) of a step. */
  stepBytes: number;
  phase: number;
};

const [second, hour] = [1_000, 3_600_000];
const day = 24 * hour;
const mebibyte = 2 ** 20;
/** The longest copies for which the tests bound reads and lag tightly. */
const maxDurationMs = 8 * hour;

export function drawTrace(shape: Shape, draw: Draw, given: Partial<TraceOptions> = {}): Trace {
  const durationMs = given.durationMs ?? Math.round(drawDuration(shape, draw));
  const bytesPerMs = draw.logarithmic(mebibyte, 1_024 * mebibyte) / second;
  const totalBytes = given.totalBytes ?? Math.max(1, Math.round(durationMs * bytesPerMs));
  const chunkBytes = given.chunkBytes ?? Math.ceil(draw.logarithmic(2 ** 16, 2 ** 24));
  const stepBytes = given.stepBytes ?? Math.max(1, Math.ceil(totalBytes * drawStep(shape, draw)));
  const phase = given.phase ?? draw.between(0, 1);
  const curve = drawCurve(shape, draw);

  const chunk = Math.min(chunkBytes, totalBytes);
  const ahead = Math.floor(phase * stepBytes);
  const published = (ms: number) => {
    const copied = Math.floor((curve(ms / durationMs) * totalBytes) / chunk) * chunk;
    return Math.max(0, Math.floor((copied + ahead) / stepBytes) * stepBytes - ahead);
  };
  return {
    shape,
    durationMs,
    stepMs: (Math.max(stepBytes, chunk) / totalBytes) * durationMs,
    totalBytes,
    progressAt(ms) {
      if (shape === "unknown total") return null;
      return { bytesCopied: Math.min(totalBytes, published(ms)), totalBytes };
    },
  };
}

function drawDuration(shape: Shape, draw: Draw): number {
  switch (shape) {
    case "tiny":
      return draw.between(20, second);
    case "14 days":
      return draw.between(8 * day, 14 * day);
    case "stalled, then on":
      return draw.logarithmic(2 * hour, 2 * day);
    default:
      return draw.logarithmic(second, maxDurationMs);
  }
}

/** As a share of the total. Half of all copies publish every byte. */
function drawStep(shape: Shape, draw: Draw): number {
  if (shape === "staircase") return draw.logarithmic(0.02, 0.25);
  return draw.between(0, 1) < 0.5 ? 0 : draw.logarithmic(1e-6, 0.02);
}

/** Maps a share of the duration (0 to 1) to a share of the bytes. */
type Curve = (share: number) => number;

function drawCurve(shape: Shape, draw: Draw): Curve {
  switch (shape) {
    case "slow start": {
      // Waits in a queue, then accelerates.
      const queued = draw.between(0, 0.5);
      const power = draw.between(1, 3);
      return (share) => Math.max(0, (share - queued) / (1 - queued)) ** power;
    }
    case "bursty":
      return through(bursts(draw));
    case "stalled, then on": {
      const [at, stalled] = [draw.between(0.05, 0.4), draw.between(0.3, 0.55)];
      const moving = 1 - stalled;
      return (share) => (share < at ? share : share < at + stalled ? at : share - stalled) / moving;
    }
    case "sudden end": {
      const shown = draw.between(0.05, 0.9);
      return (share) => share * shown;
    }
    default:
      return (share) => share;
  }
}

type Point = { share: number; bytes: number };

/** Alternates fast and slow; a pair takes 0.4 to 8 % of the time, and slow can be a standstill. */
function bursts(draw: Draw): Point[] {
  const mean = draw.logarithmic(0.004, 0.08);
  const slow = draw.between(0, 0.3);
  const fastShare = draw.between(0.2, 0.8);
  const points: Point[] = [{ share: 0, bytes: 0 }];
  let isFast = draw.between(0, 1) < fastShare;
  let [share, bytes] = [0, 0];
  for (; share < 1 || isFast; isFast = !isFast) {
    const length = mean * (isFast ? fastShare : 1 - fastShare) * draw.between(0.25, 1.75);
    share += length;
    bytes += length * (isFast ? 1 : slow);
    points.push({ share, bytes });
  }
  // Scaled to the whole duration and all bytes.
  return points.map((point) => ({ share: point.share / share, bytes: point.bytes / bytes }));
}

function through(points: readonly Point[]): Curve {
  return (share) => between(points, share);
}

function between(points: readonly Point[], share: number): number {
  let [low, high] = [0, points.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.share ?? 1) <= share) low = middle;
    else high = middle;
  }
  const [from, to] = [points[low], points[high]];
  if (from === undefined || to === undefined || to.share <= from.share) return 1;
  return from.bytes + ((to.bytes - from.bytes) * (share - from.share)) / (to.share - from.share);
}
