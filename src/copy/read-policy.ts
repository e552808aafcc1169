import type { Forecast, Observation } from "./forecast.ts";

export type Looks = {
  /** When the copy was started, epoch ms. */
  startedAt: number;
  /** Looks so far that said pending, oldest first. The spacing below bounds their number. */
  observations: readonly Observation[];
  /** What they say. */
  seen: Forecast;
  /** All reads so far, also those that Storage did not answer. */
  reads: number;
  /** Reads since the last wake event; null when there was none. */
  readsSinceWake: number | null;
  now: number;
};

/** No timer is longer than a day; 6 h keeps two weeks of an unpredictable copy below 100 reads. */
export const longestWait = 6 * 3_600_000;
const shortestWait = 1_000;
/** A wake that finds the copy still pending is probably early by little ("it fires at initiation"). */
const waitsAfterWake = [5_000, 15_000, 45_000];

/** Looks at a copy that has not shown a byte, ms from its start; after the last the time doubles. */
const looksBeforeBytes = [2_000, 5_000, 22_000, 100_000, 300_000];

/** How many times longer a copy may have run at one look than at the one before. */
const growth = { untold: 1.5, firstBytes: 4, uneven: 4, steady: 8 };

/** How late a look at a steady copy may come, as a share of its duration. */
const lagShare = 0.01;
/** From the eighth look on it may come so many times later: another one costs more than it brings. */
const lateLook = { reads: 7, times: 8 };
/** Before the seventh look, a promise of this far ahead (times the age) is checked on the way. */
const earlyLook = { reads: 6, ahead: 0.3, share: 0.8 };

/** An uneven copy is looked at after a share of what seems left, unless little is (of its age). */
const uneven = { share: 0.6, little: 0.03, shortest: 0.01 };
/** A progress that stands still is waited for in this share of the time that it has. */
const shareOfStill = 1 / 3;

/** Looks beyond one every six hours, after which the shortest wait is three times as long with each. */
const freeLooks = 12;
const spread = 3;

/** When to look first at a copy that Storage called pending when it was started, epoch ms. */
export function firstReadAt(startedAt: number): number {
  return startedAt + (looksBeforeBytes[0] ?? shortestWait);
}

/**
 * When to look at a pending copy next, epoch ms, never more than six hours after `now`: at the end that
 * the progress promises, or before it where the end is unsure. The number of reads so far bounds all:
 * no progress, however odd, makes a two-week copy cost more than 80 looks, and one a wake.
 */
export function nextReadAt(looks: Looks): number {
  const { now, readsSinceWake } = looks;
  const afterWake = readsSinceWake === null ? undefined : waitsAfterWake[readsSinceWake];
  const wait = afterWake ?? waitFor(looks);
  return now + Math.max(spacing(looks), clamp(wait));
}

/** The shortest wait that so many reads leave, in ms: what bounds a copy's history. */
export function spacing({
  startedAt,
  reads,
  now,
}: Pick<Looks, "startedAt" | "reads" | "now">): number {
  const extra = reads - (now - startedAt) / longestWait - freeLooks;
  return clamp(shortestWait * spread ** Math.max(0, extra));
}

function waitFor({ observations, seen, startedAt, reads, now }: Looks): number {
  const age = now - startedAt;
  const grown = (times: number) => age * (times - 1);
  switch (seen.state) {
    case "unknown": {
      const isTold = observations.at(-1)?.progress != null;
      if (!isTold) return grown(growth.untold);
      return (looksBeforeBytes.find((at) => at > age) ?? 2 * age) - age;
    }
    case "stalled":
      return Math.max((now - seen.since) * shareOfStill, Math.min(seen.left, grown(growth.uneven)));
    case "uneven": {
      const left = seen.end - now;
      const wait = left <= age * uneven.little ? left : left * uneven.share;
      const shortest = Math.max(standing(observations), age * uneven.shortest);
      return Math.max(shortest, Math.min(wait, grown(growth.uneven)));
    }
    case "steady": {
      const share = reads < lateLook.reads ? lagShare : lagShare * lateLook.times;
      const lag = Math.max(shortestWait, share * (seen.earliest - startedAt), seen.stepMs);
      const due = Math.min(seen.latest, seen.earliest + lag);
      const left = due > now ? due - now : age * lagShare; // all its bytes are there, and yet it has not ended
      const isChecked = reads < earlyLook.reads && left > age * earlyLook.ahead;
      const most = grown(seen.changes === 1 ? growth.firstBytes : growth.steady);
      return Math.max(
        standing(observations),
        Math.min(isChecked ? left * earlyLook.share : left, most),
      );
    }
  }
}

/** A wait that goes with the time for which the last looks showed the same. */
function standing(observations: readonly Observation[]): number {
  const last = observations.at(-1);
  const bytes = last?.progress?.bytesCopied;
  const first = observations.find(({ progress }) => progress?.bytesCopied === bytes);
  return last === undefined || first === undefined ? 0 : (last.at - first.at) * shareOfStill;
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

function clamp(wait: number, longest = longestWait): number {
  return Math.min(longest, Math.max(shortestWait, Math.round(wait)));
}
