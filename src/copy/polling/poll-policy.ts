import type { Forecast, Sample } from "./forecast.ts";

export type PollHistory = {
  /** When the copy was started, epoch ms. */
  startedAt: number;
  /** Looks so far that said pending, oldest first. The spacing below bounds their number. */
  samples: readonly Sample[];
  /** What they say. */
  forecast: Forecast;
  /** All reads so far, also those that Storage did not answer. */
  polls: number;
  /** Reads since the last wake event; null when there was none. */
  pollsSinceWake: number | null;
  now: number;
};

/** No timer is longer than a day; 6 h keeps two weeks of an unpredictable copy below 100 reads. */
export const maxWaitMs = 6 * 3_600_000;
const minWaitMs = 1_000;
/** A wake that finds the copy still pending is probably early by little ("it fires at initiation"). */
const waitsAfterWakeMs = [5_000, 15_000, 45_000];

/** Looks at a copy that has not shown a byte, ms from its start; after the last the time doubles. */
const pollsBeforeProgressMs = [2_000, 5_000, 22_000, 100_000, 300_000];

/** How many times longer a copy may have run at one look than at the one before. */
const growth = { untold: 1.5, firstBytes: 4, uneven: 4, steady: 8 };

/** How late a look at a steady copy may come, as a share of its duration. */
const lagShare = 0.01;
/** From the eighth look on it may come so many times later: another one costs more than it brings. */
const latePoll = { reads: 7, times: 8 };
/** Before the seventh look, a promise of this far ahead (times the age) is checked on the way. */
const earlyPoll = { reads: 6, ahead: 0.3, share: 0.8 };

/** An uneven copy is looked at after a share of what seems left, unless little is (of its age). */
const uneven = { share: 0.6, little: 0.03, shortest: 0.01 };
/** A progress that stands still is waited for in this share of the time that it has. */
const shareOfStill = 1 / 3;

/** Looks beyond one every six hours, after which the shortest wait is three times as long with each. */
const freePolls = 12;
const spread = 3;

/** When to look first at a copy that Storage called pending when it was started, epoch ms. */
export function firstPollAt(startedAt: number): number {
  return startedAt + (pollsBeforeProgressMs[0] ?? minWaitMs);
}

/**
 * When to look at a pending copy next, epoch ms, never more than six hours after `now`: at the end that
 * the progress promises, or before it where the end is unsure. The number of reads so far bounds all:
 * no progress, however odd, makes a two-week copy cost more than 80 looks, and one a wake.
 */
export function nextPollAt(looks: PollHistory): number {
  const { now, pollsSinceWake } = looks;
  const afterWake = pollsSinceWake === null ? undefined : waitsAfterWakeMs[pollsSinceWake];
  const wait = afterWake ?? waitFor(looks);
  return now + Math.max(minSpacingMs(looks), clamp(wait));
}

/** The shortest wait that so many reads leave, in ms: what bounds a copy's history. */
export function minSpacingMs({
  startedAt,
  polls,
  now,
}: Pick<PollHistory, "startedAt" | "polls" | "now">): number {
  const extra = polls - (now - startedAt) / maxWaitMs - freePolls;
  return clamp(minWaitMs * spread ** Math.max(0, extra));
}

function waitFor({ samples, forecast, startedAt, polls, now }: PollHistory): number {
  const age = now - startedAt;
  const grown = (times: number) => age * (times - 1);
  switch (forecast.kind) {
    case "unknown": {
      const isTold = samples.at(-1)?.progress != null;
      if (!isTold) return grown(growth.untold);
      return (pollsBeforeProgressMs.find((at) => at > age) ?? 2 * age) - age;
    }
    case "stalled":
      return Math.max(
        (now - forecast.since) * shareOfStill,
        Math.min(forecast.left, grown(growth.uneven)),
      );
    case "uneven": {
      const left = forecast.end - now;
      const wait = left <= age * uneven.little ? left : left * uneven.share;
      const shortest = Math.max(standing(samples), age * uneven.shortest);
      return Math.max(shortest, Math.min(wait, grown(growth.uneven)));
    }
    case "steady": {
      const share = polls < latePoll.reads ? lagShare : lagShare * latePoll.times;
      const lag = Math.max(minWaitMs, share * (forecast.earliest - startedAt), forecast.stepMs);
      const due = Math.min(forecast.latest, forecast.earliest + lag);
      const left = due > now ? due - now : age * lagShare; // all its bytes are there, and yet it has not ended
      const isChecked = polls < earlyPoll.reads && left > age * earlyPoll.ahead;
      const most = grown(forecast.changes === 1 ? growth.firstBytes : growth.steady);
      return Math.max(standing(samples), Math.min(isChecked ? left * earlyPoll.share : left, most));
    }
  }
}

/** A wait that goes with the time for which the last looks showed the same. */
function standing(observations: readonly Sample[]): number {
  const last = observations.at(-1);
  const bytes = last?.progress?.bytesCopied;
  const first = observations.find(({ progress }) => progress?.bytesCopied === bytes);
  return last === undefined || first === undefined ? 0 : (last.at - first.at) * shareOfStill;
}

function clamp(wait: number): number {
  return Math.min(maxWaitMs, Math.max(minWaitMs, Math.round(wait)));
}
