import { z } from "zod";
import { minute } from "./durations.ts";

declare const epochMsBrand: unique symbol;

/** A time in epoch ms. Subtract or compare two times as numbers; add a duration with `plusMs`. */
export type EpochMs = number & { readonly [epochMsBrand]: true };

/** Types a number of ms since the epoch as a time. */
export function epochMs(ms: number): EpochMs {
  return ms as EpochMs; // the brand has no runtime value, so only a cast can add it
}

/** The time `ms` after `time`, or before it when `ms` is negative. */
export function plusMs(time: EpochMs, ms: number): EpochMs {
  return epochMs(time + ms);
}

/** The earliest of the times. */
export function earliest(...times: [EpochMs, ...EpochMs[]]): EpochMs {
  return epochMs(Math.min(...times));
}

/** The latest of the times. */
export function latest(...times: [EpochMs, ...EpochMs[]]): EpochMs {
  return epochMs(Math.max(...times));
}

/** Converts a time to a `Date`. It reads no clock; code in `copy/` must not. */
export function toDate(time: EpochMs): Date {
  return new Date(time);
}

/** Converts a `Date` of an SDK to a time. */
export function fromDate(date: Date): EpochMs {
  return epochMs(date.getTime());
}

/** The clocks of two machines differ by fewer ms than this ("Create a user delegation SAS", clock skew). */
export const maxClockSkewMs = 15 * minute;

/** Formats a time as ISO 8601 in UTC, with milliseconds. */
export function toIso(time: EpochMs): string {
  return toDate(time).toISOString();
}

/** Formats a time as a day in UTC, such as "2026-11-20". */
export function toIsoDay(time: EpochMs): string {
  return toIso(time).slice(0, 10);
}

/** Parses an ISO 8601 time; NaN when it is not one. */
export function parseTime(iso: string): EpochMs {
  return epochMs(Date.parse(iso));
}

/** A time in a request; Storage's own times have seven decimal digits in their seconds. */
export const utcTime = z.string().refine(isUtcTime, {
  error: 'must be a time in UTC such as "2026-11-20T12:00:00Z"',
});

function isUtcTime(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z$/.test(text)) return false;
  const time = parseTime(text);
  return Number.isFinite(time) && toIsoDay(time) === text.slice(0, 10); // there is no February 30
}
