import type { Progress } from "./copy-status.ts";

/** One look at a pending copy: when (epoch ms), and what it showed. */
export type Observation = { at: number; progress: Progress | null };

export type Looks = {
  /** When the copy was started, epoch ms. */
  startedAt: number;
  /** Looks so far that said pending, oldest first. */
  observations: readonly Observation[];
  /** Reads since the last wake event; null when there was none. */
  readsSinceWake: number | null;
  now: number;
};

/** No timer is longer than a day; 6 h keeps two weeks of an unpredictable copy below 60 reads. */
export const longestWait = 6 * 3_600_000;
const shortestWait = 1_000;
/** A wake that finds the copy still pending is probably early by little ("it fires at initiation"). */
const waitsAfterWake = [5_000, 15_000, 45_000];
/** Of the time that seems left; less than 1, so that a copy that speeds up is not missed. */
const shareOfRemaining = 0.6;

/**
 * When to look at a pending copy next, epoch ms, never more than six hours after `now`.
 * With two looks that show progress the end is predicted; otherwise waits grow with the copy's age.
 */
export function nextReadAt(looks: Looks): number {
  const { now, startedAt, readsSinceWake } = looks;
  const afterWake = readsSinceWake === null ? undefined : waitsAfterWake[readsSinceWake];
  if (afterWake !== undefined) return now + afterWake;
  const remaining = predictedRemaining(looks.observations);
  const wait = remaining === null ? (now - startedAt) / 2 : remaining * shareOfRemaining;
  return now + clamp(wait);
}

/** After `failures` calls in a row that Storage did not answer; waits double up to `longest` ms. */
export function retryAt(
  now: number,
  failures: number,
  retryAfterSeconds: number | null,
  longest = 15 * 60_000,
): number {
  const wait = clamp(2 ** Math.min(failures, 30) * 1_000, longest);
  return now + Math.max(wait, Math.min((retryAfterSeconds ?? 0) * 1_000, longestWait));
}

/** Bytes per second between the first and the last look, null before there is a difference. */
export function copyRate(observations: readonly Observation[]): number | null {
  const first = observations[0];
  const last = observations.at(-1);
  if (first?.progress == null || last?.progress == null || last.at <= first.at) return null;
  const bytes = last.progress.bytesCopied - first.progress.bytesCopied;
  return bytes > 0 ? (bytes / (last.at - first.at)) * 1_000 : null;
}

function predictedRemaining(observations: readonly Observation[]): number | null {
  const rate = copyRate(observations);
  const progress = observations.at(-1)?.progress;
  if (rate === null || progress == null) return null;
  return ((progress.totalBytes - progress.bytesCopied) / rate) * 1_000;
}

function clamp(wait: number, longest = longestWait): number {
  return Math.min(longest, Math.max(shortestWait, Math.round(wait)));
}
