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

/** No timer is longer than a day; 6 h keeps two weeks of an unpredictable copy below 100 reads. */
export const longestWait = 6 * 3_600_000;
const shortestWait = 1_000;
/** A wake that finds the copy still pending is probably early by little ("it fires at initiation"). */
const waitsAfterWake = [5_000, 15_000, 45_000];
/** Of the time that seems left; less than 1, so that a copy that speeds up is not missed. */
const shareOfRemaining = 0.6;
/** The rate is that of the last looks: what a copy did days ago says nothing about its end. */
const looksForRate = 5;
/** Looks after which the shortest wait grows by half each time, whatever the progress promises. */
const freeLooks = 24;

/**
 * When to look at a pending copy next, epoch ms, never more than six hours after `now`. With progress
 * the end is predicted; without, waits grow with the time since the last progress. The number of looks
 * so far bounds all: no progress, however odd, makes a two-week copy cost more than about 100 looks.
 */
export function nextReadAt(looks: Looks): number {
  const { now, startedAt, readsSinceWake, observations } = looks;
  const floor = clamp(shortestWait * 1.5 ** Math.max(0, observations.length - freeLooks));
  const afterWake = readsSinceWake === null ? undefined : waitsAfterWake[readsSinceWake];
  const remaining = predictedRemaining(observations);
  const still = (now - (stalledSince(observations) ?? startedAt)) / 2;
  const wait = afterWake ?? (remaining === null ? still : remaining * shareOfRemaining);
  return now + Math.max(floor, clamp(wait));
}

/**
 * Since when the progress stands still, epoch ms: the look that first showed it. Null while it moves,
 * and before there are two looks with progress.
 */
export function stalledSince(observations: readonly Observation[]): number | null {
  const last = observations.at(-1);
  if (last?.progress == null) return null;
  const bytes = last.progress.bytesCopied;
  const before = observations.findLastIndex(({ progress }) => progress?.bytesCopied !== bytes);
  const first = observations[before + 1];
  return first === undefined || first === last ? null : first.at;
}

/** After `failures` calls in a row that Storage did not answer; waits double up to `longest` ms. */
export function retryAt(
  now: number,
  failures: number,
  retryAfterSeconds: number | null,
  longest = 3_600_000,
): number {
  const wait = clamp(2 ** Math.min(failures, 30) * 1_000, longest);
  return now + Math.max(wait, Math.min((retryAfterSeconds ?? 0) * 1_000, longestWait));
}

const longestBusyWait = 86_400_000; // no timer is longer than a day
const steadyBusyWait = 3_600_000;

/**
 * When to prepare again while another copy is in the way, epoch ms. Waits double from five seconds to an
 * hour; after that they are a fifth of the time waited so far, up to a day, so that two weeks take about
 * forty tries. `since` is the first try that found it busy, `tries` counts from 1.
 */
export function busyAgainAt(now: number, { since, tries }: { since: number; tries: number }) {
  const doubling = Math.min(steadyBusyWait, 5_000 * 2 ** Math.min(tries - 1, 30));
  return now + Math.min(longestBusyWait, Math.max(doubling, Math.round((now - since) / 5)));
}

/** How long somebody who does not answer is told of an end, ms; Event Grid itself gives up as late. */
export const longestAnnouncing = 86_400_000;
const longestAnnounceWait = 3 * 3_600_000;

/** When to tell of an end again, epoch ms: after 15 s, then three times as long each, up to three hours. */
export function announceAgainAt(now: number, tries: number, retryAfterSeconds: number | null) {
  const wait = Math.min(longestAnnounceWait, 15_000 * 3 ** Math.min(tries - 1, 10));
  return now + Math.max(wait, Math.min((retryAfterSeconds ?? 0) * 1_000, longestAnnounceWait));
}

/** Bytes per second over the last looks; null before there are two, and while progress stands still. */
export function copyRate(observations: readonly Observation[]): number | null {
  if (stalledSince(observations) !== null) return null;
  const recent = observations.slice(-looksForRate);
  const [first] = recent;
  const last = recent.at(-1);
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
