import { minute, second } from "../../copy/durations.ts";
import { latest, plusMs } from "../../copy/time.ts";
import type { EpochMs } from "../../copy/time.ts";
import type { Throttle } from "../contract/job-record.ts";

/** The longest pause after calls that Storage did not serve (ms), unless it asks for a longer one. */
const maxPauseMs = minute;
const minPauseMs = second;
/** After so many calls in a row that Storage did not serve, the job pauses although its window could be smaller. */
const maxTroublesInARow = 8;

/**
 * Limits how many calls a job makes at the same time: one more after each window of served calls, half as many after a
 * call that Storage did not serve (additive increase, multiplicative decrease). Calls that were sent before a decrease
 * do not decrease it again.
 */
export type CallWindow = {
  /** How many calls may run now. */
  size(): number;
  /** No call may start before (epoch ms); null: at any time. */
  pausedUntil(): EpochMs | null;
  isPaused(now: EpochMs): boolean;
  /** A number to give back with the result of a call that starts now. */
  begin(): number;
  served(): void;
  /** `retryAfterMs`: what Storage asked for; null if nothing. `isThrottled`: it was 503 or 429. */
  notServed(
    call: number,
    result: { now: EpochMs; retryAfterMs: number | null; isThrottled: boolean },
  ): void;
  state(): Throttle;
};

export const noThrottle: Throttle = { window: 0, pausedUntil: null, times: 0, lastAt: null };

/** Creates the window of a run. `from`: that of the run before; its window is 0 in a new job. */
export function createWindow(from: Throttle, max: number): CallWindow {
  let { pausedUntil, times, lastAt } = from;
  let window = from.window === 0 ? max : Math.min(from.window, max);
  let epoch = 0;
  let inARow = 0;
  let pauses = 0;
  const size = () => Math.max(1, Math.floor(window));
  return {
    size,
    pausedUntil: () => pausedUntil,
    isPaused: (now) => pausedUntil !== null && pausedUntil > now,
    begin: () => epoch,
    served() {
      inARow = 0;
      pauses = 0;
      window = Math.min(max, window + 1 / window);
    },
    notServed(call, { now, retryAfterMs, isThrottled }) {
      if (isThrottled) {
        times++;
        lastAt = now;
      }
      inARow++;
      const isFirst = call === epoch;
      if (isFirst) {
        epoch++;
        window = Math.max(1, window / 2);
      }
      const mustPause = isFirst && (size() === 1 || inARow > maxTroublesInARow);
      if (retryAfterMs === null && !mustPause) return;
      const own = mustPause ? Math.min(maxPauseMs, minPauseMs * 2 ** Math.min(pauses++, 10)) : 0;
      const until = plusMs(now, Math.max(own, retryAfterMs ?? 0));
      pausedUntil = pausedUntil === null ? until : latest(pausedUntil, until);
    },
    state: () => ({ window: size(), pausedUntil, times, lastAt }),
  };
}
