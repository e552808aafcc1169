/** Times are epoch ms inside; these are their two other forms. Neither reads a clock. */
export function dateOf(time: number): Date {
  return new Date(time);
}

/** ISO 8601, UTC, milliseconds. */
export function isoDate(time: number): string {
  return dateOf(time).toISOString();
}

/** The day of it in UTC, "2026-11-20". */
export function isoDay(time: number): string {
  return isoDate(time).slice(0, 10);
}

/** Epoch ms of an ISO 8601 date. */
export function timeOf(iso: string): number {
  return Date.parse(iso);
}
