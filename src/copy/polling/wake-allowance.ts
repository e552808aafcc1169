import { epochMs, plusMs } from "../time.ts";
import type { EpochMs } from "../time.ts";
import { hour } from "../durations.ts";

/** How many wakes of a copy are left; `at`: when this was true (epoch ms). */
export type WakeAllowance = { wakes: number; at: EpochMs };

/** The wakes that a copy starts with. */
export const maxWakes = 20;
/** One wake is added after each of these periods, so two weeks have at most 48. Each costs at most 11 history events. */
export const wakeRefillMs = 12 * hour;

/** The allowance of a copy that has not been woken. */
export function fullAllowance(at: EpochMs): WakeAllowance {
  return { wakes: maxWakes, at };
}

/** Adds the wakes that are due by `now` (epoch ms). */
export function refillWakes({ wakes, at }: WakeAllowance, now: EpochMs): WakeAllowance {
  const periods = Math.max(0, Math.floor((now - at) / wakeRefillMs));
  return wakes + periods >= maxWakes
    ? fullAllowance(epochMs(Math.max(now, at)))
    : { wakes: wakes + periods, at: plusMs(at, periods * wakeRefillMs) };
}

/** Spends one wake at `now` (epoch ms); null if none is left. */
export function spendWake(allowance: WakeAllowance, now: EpochMs): WakeAllowance | null {
  const { wakes, at } = refillWakes(allowance, now);
  return wakes === 0 ? null : { wakes: wakes - 1, at };
}
