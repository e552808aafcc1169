import { earliest, plusMs } from "../time.ts";
import type { EpochMs } from "../time.ts";
import { day, hour, second } from "../durations.ts";
import type { Forecast, Sample } from "./forecast.ts";

export type PollHistory = {
  /** When the copy was started (epoch ms). */
  startedAt: EpochMs;
  /** Polls so far that returned pending, oldest first. The spacing below bounds their number. */
  samples: readonly Sample[];
  /** The forecast from the samples. */
  forecast: Forecast;
  /** All planned polls so far, including those without a response, but none that a wake caused. */
  polls: number;
  now: EpochMs;
};

/** Ferry sets no timer longer than a day; 6 h keeps three days of an unpredictable copy below 35 polls. */
export const maxWaitMs = 6 * hour;
/** From the fourth day on, so that two weeks with 48 wakes need fewer than 1,000 history events. */
export const maxLateWaitMs = 12 * hour;
const lateAfterMs = 3 * day;
const minWaitMs = second;
/** Follow-up polls, ms after a wake that finds the copy still pending: it may be early ("it fires at initiation"). */
const followUpsMs = [5 * second, 20 * second, 65 * second];

/** Polls of a copy that has not reported a byte, in ms from its start; after the last, the time doubles. */
const pollsBeforeProgressMs = [2, 5, 22, 100, 300].map((seconds) => seconds * second);

/** Limits of a copy's age at the next poll, as multiples of its age now. */
const maxGrowth = { noProgress: 1.5, firstBytes: 4, uneven: 4, steady: 8 };

/** How long after completion a steady copy may be polled, as a share of its duration. */
const lagShare = 0.01;
/** From the eighth poll on, a poll may be this many times as late, because another poll costs more than it gains. */
const latePoll = { polls: 7, times: 8 };
/** Before the seventh poll, a completion this far ahead (times the age) is checked on the way. */
const earlyPoll = { polls: 6, ahead: 0.3, share: 0.8 };

/**
 * An uneven copy is polled after a share of the remaining time, unless that is small. The other two are shares
 * of the copy's age: what counts as small, and the minimum wait.
 */
const uneven = { share: 0.6, smallRestShare: 0.03, minAgeShare: 0.01 };
/** After a standstill, the next wait is this share of its duration. */
const standstillShare = 1 / 3;

/** Polls beyond one per maximum wait; after these, the minimum wait triples with each further poll. */
const freePolls = 12;
const spacingFactor = 3;

/** When to poll a copy for the first time (epoch ms) if Storage reported it as pending when it was started. */
export function firstPollAt(startedAt: EpochMs): EpochMs {
  return plusMs(startedAt, pollsBeforeProgressMs[0] ?? minWaitMs);
}

/**
 * When to poll a copy again that a wake found pending (epoch ms), if the wake has the ETag that the poll found. These
 * polls are extra: they do not count, and the planned polls remain.
 */
export function followUpsAfter(readAt: EpochMs): EpochMs[] {
  return followUpsMs.map((ms) => plusMs(readAt, ms));
}

/**
 * When to poll a pending copy next (epoch ms), never more than six hours after `now`, or twelve from the fourth day on:
 * when the forecast expects it to complete, or earlier where the forecast is uncertain. The number of polls so far
 * bounds this: regardless of its progress, a two-week copy needs at most 56 polls. After a poll without a response,
 * `orchestrations/follow.ts` uses `retryAt` and `minSpacingMs` instead.
 */
export function nextPollAt(history: PollHistory): EpochMs {
  const { now, startedAt } = history;
  const wait = clamp(forecastWaitMs(history), maxWaitAt(now - startedAt));
  return plusMs(now, Math.max(minSpacingMs(history), wait));
}

/** The maximum wait of a copy of this age (ms). */
function maxWaitAt(age: number): number {
  return age < lateAfterMs ? maxWaitMs : maxLateWaitMs;
}

/** The minimum wait after this many polls (ms). It bounds the length of a copy's orchestration history. */
export function minSpacingMs({
  startedAt,
  polls,
  now,
}: Pick<PollHistory, "startedAt" | "polls" | "now">): number {
  const age = now - startedAt;
  const regular =
    Math.min(age, lateAfterMs) / maxWaitMs + Math.max(0, age - lateAfterMs) / maxLateWaitMs;
  const extra = polls - regular - freePolls;
  return clamp(minWaitMs * spacingFactor ** Math.max(0, extra), maxWaitAt(age));
}

function forecastWaitMs({ samples, forecast, startedAt, polls, now }: PollHistory): number {
  const age = now - startedAt;
  const waitForGrowth = (times: number) => age * (times - 1);
  switch (forecast.kind) {
    case "unknown": {
      const hasProgress = samples.at(-1)?.progress != null;
      if (!hasProgress) return waitForGrowth(maxGrowth.noProgress);
      return (pollsBeforeProgressMs.find((at) => at > age) ?? 2 * age) - age;
    }
    case "stalled":
      return Math.max(
        (now - forecast.since) * standstillShare,
        Math.min(forecast.remainingMs, waitForGrowth(maxGrowth.uneven)),
      );
    case "uneven": {
      const rest = forecast.completesAt - now;
      const wait = rest <= age * uneven.smallRestShare ? rest : rest * uneven.share;
      const minMs = Math.max(standstillWaitMs(samples), age * uneven.minAgeShare);
      return Math.max(minMs, Math.min(wait, waitForGrowth(maxGrowth.uneven)));
    }
    case "steady": {
      const share = polls < latePoll.polls ? lagShare : lagShare * latePoll.times;
      const lag = Math.max(minWaitMs, share * (forecast.earliest - startedAt), forecast.stepMs);
      const due = earliest(forecast.latest, plusMs(forecast.earliest, lag));
      const rest = due > now ? due - now : age * lagShare; // all bytes are copied, but it is still pending
      const isChecked = polls < earlyPoll.polls && rest > age * earlyPoll.ahead;
      const wait = isChecked ? rest * earlyPoll.share : rest;
      const growth = forecast.changes === 1 ? maxGrowth.firstBytes : maxGrowth.steady;
      return Math.max(standstillWaitMs(samples), Math.min(wait, waitForGrowth(growth)));
    }
  }
}

/** A wait in proportion to the time for which the last polls returned the same progress (ms). */
function standstillWaitMs(samples: readonly Sample[]): number {
  const last = samples.at(-1);
  const bytes = last?.progress?.bytesCopied;
  const first = samples.find(({ progress }) => progress?.bytesCopied === bytes);
  return last === undefined || first === undefined ? 0 : (last.at - first.at) * standstillShare;
}

function clamp(wait: number, maxMs: number): number {
  return Math.min(maxMs, Math.max(minWaitMs, Math.round(wait)));
}
