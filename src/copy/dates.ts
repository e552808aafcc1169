/** Times are epoch ms inside; these are their two other forms. Neither reads a clock. */
export function dateOf(time: number): Date {
  return new Date(time);
}

/** ISO 8601, UTC, milliseconds. */
export function isoDate(time: number): string {
  return dateOf(time).toISOString();
}
