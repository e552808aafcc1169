import { Cron } from "croner";
import { day, hour, minute, second } from "../../durations.ts";

/** `next` returns the first due time after `after`, or undefined if there is none (epoch ms, UTC). */
export type Schedule = { next(after: number): number | undefined };

type Field = { name: string; min: number; max: number; names?: readonly string[] };

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const fields: readonly Field[] = [
  { name: "second", min: 0, max: 59 },
  { name: "minute", min: 0, max: 59 },
  { name: "hour", min: 0, max: 23 },
  { name: "day", min: 1, max: 31 },
  { name: "month", min: 1, max: 12, names: months },
  { name: "day of week", min: 0, max: 6, names: weekdays },
];

/**
 * Parses a timer trigger's `schedule`: NCRONTAB with six fields (second minute hour day month day-of-week) or five
 * (without seconds), or an interval `[d.]hh:mm:ss`. Unlike Unix cron, day and day-of-week must both match (NCrontab's
 * README). Times are UTC, the default in Azure. Throws an error that names the reason and the expression.
 *
 * Each field is expanded here to a list of numbers, because croner's dialect differs: it supports `L`, `W`, `#` and
 * nicknames, and rejects reversed ranges, steps after a single value and steps above a field's size.
 */
export function parseSchedule(expression: string): Schedule {
  const interval = /^(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})$/.exec(expression.trim());
  if (interval !== null) return createInterval(expression, interval.slice(1).map(Number));
  const texts = expression.trim().split(/\s+/);
  if (texts.length < 5) throw refuse(expression, "it has fewer than five fields");
  if (texts.length > 6) throw refuse(expression, "it has more than six fields");
  if (texts.length === 5) texts.unshift("0");
  const pattern = fields.map((field, index) => parseField(expression, field, texts[index] ?? ""));
  const cron = new Cron(pattern.join(" "), { mode: "6-part", domAndDow: true, utcOffset: 0 });
  return { next: (after) => cron.nextRun(new Date(after))?.getTime() };
}

function createInterval(expression: string, parts: readonly number[]): Schedule {
  const [days = Number.NaN, hours = 0, minutes = 0, seconds = 0] = parts;
  const wholeDays = Number.isNaN(days) ? 0 : days;
  const ms = wholeDays * day + hours * hour + minutes * minute + seconds * second;
  if (ms === 0) throw refuse(expression, "its interval is zero");
  return { next: (after) => after + ms };
}

/** Returns the values that the field allows, ascending. */
function parseField(expression: string, field: Field, text: string): number[] {
  const allowed = new Set<number>();
  for (const part of text.split(",")) {
    const [range = "", step, ...more] = part.split("/");
    const every = step === undefined ? 1 : Number(step);
    if (more.length > 0 || !Number.isInteger(every) || every < 1) {
      throw refuse(
        expression,
        `the step of its ${field.name} is not a whole number above 0: "${part}"`,
      );
    }
    const [first, last] = parseRange(expression, field, range, step !== undefined);
    for (let value = first; value <= last; value += every) allowed.add(value);
  }
  return [...allowed].toSorted((one, other) => one - other);
}

/** A single value with a step runs to the field's end, as in NCrontab: `5/15` is `5,20,35,50`. */
function parseRange(
  expression: string,
  field: Field,
  range: string,
  hasStep: boolean,
): [number, number] {
  if (range === "*" || range === "?") return [field.min, field.max];
  const [from = "", to, ...more] = range.split("-");
  if (more.length > 0) throw refuse(expression, `its ${field.name} is not a range: "${range}"`);
  const first = parseValue(expression, field, from);
  if (to !== undefined) {
    const last = parseValue(expression, field, to);
    return first <= last ? [first, last] : [last, first];
  }
  return [first, hasStep ? field.max : first];
}

function parseValue(expression: string, field: Field, text: string): number {
  const named = field.names?.findIndex((name) => text.toLowerCase().startsWith(name)) ?? -1;
  const value = named >= 0 ? named + field.min : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= field.min && value <= field.max) return value;
  throw refuse(
    expression,
    `its ${field.name} is not between ${field.min} and ${field.max}: "${text}"`,
  );
}

function refuse(expression: string, reason: string): Error {
  return new Error(`Cannot use schedule because ${reason}: "${expression}"`);
}
