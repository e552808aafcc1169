import { epochMs } from "../copy/time.ts";
import type { EpochMs } from "../copy/time.ts";

/** Waits for this many ms of the machine's clock. Only `main.ts` uses it. */
export function systemSleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Reads the clock of the machine. Only `main.ts` uses it: everywhere else, the time is an argument. */
export function systemTime(): EpochMs {
  return epochMs(Date.now());
}
