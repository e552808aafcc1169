import { formatBytes } from "../../../client/format-bytes.ts";
import { plainName } from "./names.ts";

export { formatBytes };

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** Writes a duration with its two largest units: "2 h 5 min". */
export function formatDuration(ms: number): string {
  const left = Math.max(0, ms);
  if (left < minute) return `${Math.floor(left / second)} s`;
  if (left < hour) return two(left, minute, "min", second, "s");
  if (left < day) return two(left, hour, "h", minute, "min");
  return two(left, day, "d", hour, "h");
}

function two(ms: number, large: number, largeName: string, small: number, smallName: string) {
  const many = Math.floor(ms / large);
  const rest = Math.floor((ms % large) / small);
  return rest === 0 ? `${many} ${largeName}` : `${many} ${largeName} ${rest} ${smallName}`;
}

/** Writes how long ago a time was: "3 min ago", with one unit. */
export function formatAge(ms: number): string {
  if (ms < 2 * second) return "now";
  if (ms < minute) return `${Math.floor(ms / second)} s ago`;
  if (ms < hour) return `${Math.floor(ms / minute)} min ago`;
  if (ms < day) return `${Math.floor(ms / hour)} h ago`;
  return `${Math.floor(ms / day)} d ago`;
}

// To create one takes longer than to draw a row.
const times = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const clocks = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const numbers = new Intl.NumberFormat("en");

/** Writes a point in time in the reader's own zone and language. */
export function formatTime(iso: string): string {
  return times.format(new Date(iso));
}

/** Writes the time of day, with seconds. */
export function formatClock(ms: number): string {
  return clocks.format(new Date(ms));
}

/** Writes a number: "1,204". */
export function formatNumber(value: number): string {
  return numbers.format(value);
}

/** Writes a number of things: "1 copy", "1,204 copies". */
export function formatCount(count: number, one = "copy", many = "copies"): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`;
}

/** Writes a word of the API for people: "destination-exists" becomes "Destination exists". Other characters are escaped. */
export function formatWord(word: string): string {
  const text = plainName(word).replaceAll("-", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
