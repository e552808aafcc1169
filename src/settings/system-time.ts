import { epochMs } from "../copy/time.ts";
import type { EpochMs } from "../copy/time.ts";

/** Reads the clock of the machine. Only `main.ts` uses it: everywhere else, the time is an argument. */
export function systemTime(): EpochMs {
  return epochMs(Date.now());
}
