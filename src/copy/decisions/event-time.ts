import { hour } from "../durations.ts";
import type { EpochMs } from "../time.ts";

/**
 * The maximum difference in ms between an event's time and the blob's Last-Modified. The time determines the date in a
 * route's destination, so a forged event could otherwise overwrite an older copy.
 */
const maxSkewMs = hour;

/**
 * Returns true if an event of the blob can have this time. Both arguments are epoch ms. The Last-Modified of a blob
 * with a pending copy is the time of the copy's start.
 */
export function isEventTime(at: EpochMs, lastModified: EpochMs): boolean {
  return Math.abs(at - lastModified) <= maxSkewMs;
}
