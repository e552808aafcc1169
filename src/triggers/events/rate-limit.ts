import type { EpochMs } from "../../copy/time.ts";

/** Allows a limited number of actions in every period. */
export type RateLimit = {
  /** Returns false if the action would exceed the limit. `now`: epoch ms. */
  allow(now: EpochMs): boolean;
};

/** Creates a limit of `max` actions in any period of `periodMs`. */
export function createRateLimit(max: number, periodMs: number): RateLimit {
  const latest: EpochMs[] = [];
  return {
    allow(now) {
      const [oldest] = latest;
      const isFull = latest.length === max;
      if (isFull && oldest !== undefined && now - oldest < periodMs) return false;
      if (isFull) latest.shift();
      latest.push(now);
      return true;
    },
  };
}
