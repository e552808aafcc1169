/**
 * A time in 100 ns, as snapshots and versions are named by it: `now`, but later than `last`, also
 * where the clock stands still. `last` is such a name, or empty.
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
