/** When something is due, again and again. `next` is the first time after `after` (epoch ms, UTC). */
export type Schedule = { next(after: number): number | undefined };

type Field = { name: string; minimum: number; maximum: number; names?: readonly string[] };

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const second: Field = { name: "second", minimum: 0, maximum: 59 };
const minute: Field = { name: "minute", minimum: 0, maximum: 59 };
const hour: Field = { name: "hour", minimum: 0, maximum: 23 };
const day: Field = { name: "day", minimum: 1, maximum: 31 };
const month: Field = { name: "month", minimum: 1, maximum: 12, names: months };
const weekday: Field = { name: "day of week", minimum: 0, maximum: 6, names: weekdays };

const dayMs = 86_400_000;

/** A 29 February on a given weekday comes back after at most 40 years (1896 to 1904 skipped one). */
const searchDays = 41 * 366;

/**
 * Reads a timer trigger's `schedule`: NCRONTAB with six fields (second minute hour day month
 * day-of-week) or five (without seconds), or an interval `[d.]hh:mm:ss`. Unlike Unix cron, day and
 * day-of-week must both match (NCrontab's README). Times are UTC, the default on Azure.
 */
export function parseSchedule(expression: string): Schedule {
  const interval = /^(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})$/.exec(expression.trim());
  if (interval !== null) return constantSchedule(expression, interval.slice(1).map(Number));
  const texts = expression.trim().split(/\s+/);
  if (texts.length === 5) texts.unshift("0");
  const [s, m, h, d, mo, w, ...more] = texts;
  if (s === undefined || m === undefined || h === undefined || d === undefined) {
    throw refuse(expression, "it has fewer than five fields");
  }
  if (mo === undefined || w === undefined)
    throw refuse(expression, "it has fewer than five fields");
  if (more.length > 0) throw refuse(expression, "it has more than six fields");
  const read = (field: Field, text: string) => parseField(expression, field, text);
  const seconds = read(second, s);
  const minutes = read(minute, m);
  const hours = read(hour, h);
  const days = new Set(read(day, d));
  const monthSet = new Set(read(month, mo));
  const weekdaySet = new Set(read(weekday, w));

  const isDue = (date: Date) =>
    days.has(date.getUTCDate()) &&
    monthSet.has(date.getUTCMonth() + 1) &&
    weekdaySet.has(date.getUTCDay());
  const firstTime = (from: number) => {
    for (const inHour of hours) {
      for (const inMinute of minutes) {
        const start = (inHour * 60 + inMinute) * 60_000;
        if (start + 59_000 < from) continue;
        const match = seconds.find((inSecond) => start + inSecond * 1000 >= from);
        if (match !== undefined) return start + match * 1000;
      }
    }
    return undefined;
  };
  return {
    next(after) {
      const earliest = Math.floor(after / 1000) * 1000 + 1000;
      const today = Math.floor(earliest / dayMs) * dayMs;
      for (let index = 0; index < searchDays; index++) {
        const midnight = today + index * dayMs;
        if (!isDue(new Date(midnight))) continue;
        const time = firstTime(index === 0 ? earliest - midnight : 0);
        if (time !== undefined) return midnight + time;
      }
      return undefined;
    },
  };
}

function constantSchedule(expression: string, parts: readonly number[]): Schedule {
  const [days = Number.NaN, hours = 0, minutes = 0, seconds = 0] = parts;
  const whole = Number.isNaN(days) ? 0 : days;
  const ms = (((whole * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
  if (ms === 0) throw refuse(expression, "its interval is zero");
  return { next: (after) => after + ms };
}

function parseField(expression: string, field: Field, text: string): number[] {
  const allowed = new Set<number>();
  for (const part of text.split(",")) {
    const [range = "", step, ...more] = part.split("/");
    const every = step === undefined ? 1 : Number(step);
    if (more.length > 0 || !Number.isInteger(every) || every < 1) {
      throw refuse(expression, `its ${field.name} has no whole step above 0: "${part}"`);
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
  if (range === "*" || range === "?") return [field.minimum, field.maximum];
  const [from = "", to, ...more] = range.split("-");
  if (more.length > 0) throw refuse(expression, `its ${field.name} is no range: "${range}"`);
  const first = parseValue(expression, field, from);
  if (to !== undefined) {
    const last = parseValue(expression, field, to);
    return first <= last ? [first, last] : [last, first];
  }
  return [first, hasStep ? field.maximum : first];
}

function parseValue(expression: string, field: Field, text: string): number {
  const named = field.names?.findIndex((name) => text.toLowerCase().startsWith(name)) ?? -1;
  const value = named >= 0 ? named + field.minimum : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= field.minimum && value <= field.maximum) return value;
  throw refuse(
    expression,
    `its ${field.name} is not between ${field.minimum} and ${field.maximum}: "${text}"`,
  );
}

function refuse(expression: string, reason: string): Error {
  return new Error(`Cannot use schedule as ${reason}: "${expression}"`);
}
