import { hour } from "../durations.ts";
import type { EpochMs } from "../time.ts";

/**
 * How far an event's time may be from the blob's Last-Modified (ms). The time chooses the date in a route's destination,
 * so a made-up event could otherwise write where an older copy lies.
 */
const maxSkewMs = hour;

/**
 * Returns true if an event of the blob can have this time. Both are epoch ms. The Last-Modified of a blob with a pending
 * copy is the time of the copy's start.
 */
export function isEventTime(at: EpochMs, lastModified: EpochMs): boolean {
  return Math.abs(at - lastModified) <= maxSkewMs;
}
