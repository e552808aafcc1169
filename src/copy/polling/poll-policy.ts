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

function clamp(wait: number): number {
  return Math.min(longestWait, Math.max(shortestWait, Math.round(wait)));
}
