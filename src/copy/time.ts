import { z } from "zod";
import { minute } from "./durations.ts";

/** Converts epoch ms to a `Date`. Reads no clock, as nothing in `copy/` does. */
export function toDate(time: number): Date {
  return new Date(time);
}

/** The clocks of two machines differ by less than this, ms ("Create a user delegation SAS", clock skew). */
export const maxClockSkewMs = 15 * minute;

/** Formats epoch ms as ISO 8601 in UTC, with milliseconds. */
export function toIso(time: number): string {
  return toDate(time).toISOString();
}

/** Formats epoch ms as a day in UTC, such as "2026-11-20". */
export function toIsoDay(time: number): string {
  return toIso(time).slice(0, 10);
}

/** Parses an ISO 8601 time to epoch ms; NaN when it is not one. */
export function parseTime(iso: string): number {
  return Date.parse(iso);
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
