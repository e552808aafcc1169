import { z } from "zod";

/** Times are epoch ms inside; these are their two other forms. Neither reads a clock. */
export function toDate(time: number): Date {
  return new Date(time);
}

/** Two machines' clocks differ by less than this, ms ("Create a user delegation SAS", clock skew). */
export const maxClockSkewMs = 15 * 60_000;

/** ISO 8601, UTC, milliseconds. */
export function toIso(time: number): string {
  return toDate(time).toISOString();
}

/** The day of it in UTC, "2026-11-20". */
export function toIsoDay(time: number): string {
  return toIso(time).slice(0, 10);
}

/** Epoch ms of an ISO 8601 date. */
export function parseTime(iso: string): number {
  return Date.parse(iso);
}

/** A time as requests write it; Storage's own has seven digits behind the second. */
export const utcTime = z.string().refine(isUtcTime, {
  error: 'must be a time in UTC such as "2026-11-20T12:00:00Z"',
});

function isUtcTime(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z$/.test(text)) return false;
  const time = parseTime(text);
  return Number.isFinite(time) && toIsoDay(time) === text.slice(0, 10); // there is no February 30
}
