/**
 * The name of a new snapshot or version: the time `now` with 100 ns, or 100 ns after `last` if the clock
 * has not advanced since. `last` is the latest such name, or empty.
 */
export function nextTimeName(last: string, now: number): string {
  const name = (at: number, ticks: number) =>
    new Date(at).toISOString().replace("Z", `${String(ticks).padStart(4, "0")}Z`);
  if (name(now, 0) > last) return name(now, 0);
  const millisecond = Date.parse(`${last.slice(0, 23)}Z`);
  const ticks = Number(last.slice(23, 27)) + 1;
  return ticks < ticksPerMillisecond ? name(millisecond, ticks) : name(millisecond + 1, 0);
}

const ticksPerMillisecond = 10_000;
