import { day, hour } from "../durations.ts";
import type { EpochMs } from "../time.ts";

/**
 * How far an event's time may be from the blob's Last-Modified (ms). The time chooses the date in a route's destination,
 * so a made-up event could otherwise write where an older copy lies.
 */
const maxSkewMs = hour;

/** How long before its end a copy can have begun (ms): Storage fails a copy after two weeks ("Copy Blob"). */
const maxCopyMs = 14 * day;

/**
 * Returns true if an event of the blob can have this time. Both are epoch ms. `isOfStart`: the event is that of the start
 * of the copy that wrote the blob, and Last-Modified is the time of its end.
 */
export function isEventTime(
  at: EpochMs,
  lastModified: EpochMs,
  { isOfStart = false }: { isOfStart?: boolean } = {},
): boolean {
  const maxEarlierMs = isOfStart ? maxCopyMs + maxSkewMs : maxSkewMs;
  return at - lastModified <= maxSkewMs && lastModified - at <= maxEarlierMs;
}
