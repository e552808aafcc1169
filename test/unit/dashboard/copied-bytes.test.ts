import { expect, test } from "vitest";
import type { Copy, CopySummary } from "../../../src/client/ferry.ts";
import { copiedBetween, countCopied } from "../../../src/dashboard/page/state/copied-bytes.ts";
import { updateRow } from "../../../src/dashboard/page/state/rows.ts";
import type { Row } from "../../../src/dashboard/page/state/rows.ts";
import { openThroughput, peakRate } from "../../../src/dashboard/page/state/throughput.ts";

const second = 1_000;
const opened = Date.UTC(2026, 10, 20, 12);
const at = (seconds: number) => opened + seconds * second;
const iso = (seconds: number) => new Date(at(seconds)).toISOString();

function item(changed: Partial<CopySummary>): CopySummary {
  return {
    id: "1",
    status: "copying",
    source: "https://acct1/inbox/film.mp4",
    destination: "https://acct2/archive/film.mp4",
    createdAt: iso(-60),
    completedAt: null,
    cause: null,
    bytes: null,
    progress: null,
    links: { self: "", abort: "", retry: "", timeline: "" },
    ...changed,
  };
}
const polled = (seconds: number, bytesCopied: number): CopySummary =>
  item({
    bytes: bytesCopied,
    progress: {
      bytesCopied,
      totalBytes: 1_000_000,
      percent: 0,
      bytesPerSecond: null,
      estimatedCompletion: null,
      readAt: iso(seconds),
    },
  });
const completed = (seconds: number, bytes: number): CopySummary =>
  item({ status: "succeeded", bytes, completedAt: iso(seconds) });
/** The states that the page has received, each with the second at which it received it. */
function receive(...states: readonly [item: CopySummary, seconds: number][]) {
  let before: Row | undefined;
  return states.map(([state, seconds]) => {
    const received = { before, row: updateRow(before, state, at(seconds)) };
    const times = { absentAt: opened, now: at(seconds) };
    const copied = copiedBetween(received.before, received.row, times);
    // Nothing is counted when the page sees a copy for the first time.
    before =
      before === undefined
        ? received.row
        : countCopied(openThroughput(opened), { ...received, ...times }).row;
    return { ...copied, from: (copied.from - opened) / second, to: (copied.to - opened) / second };
  });
}

test("bytes belong to the time between Ferry's polls, however often the page reads the copy", () => {
  const [, second, third, fourth] = receive(
    [polled(0, 100_000), 1],
    [polled(10, 200_000), 11.5],
    [polled(10, 200_000), 13.5],
    [polled(20, 350_000), 29],
  );
  expect(second).toEqual({ bytes: 100_000, from: 0, to: 10 });
  expect(third?.bytes).toBe(0);
  expect(fourth).toEqual({ bytes: 150_000, from: 10, to: 20 });
});

test("a copy that Ferry polls every ten seconds shows its real rate, and not the whole in one moment", () => {
  const peak = (skewSeconds: number) => {
    let throughput = openThroughput(opened);
    let before = updateRow(undefined, polled(skewSeconds, 0), at(1));
    // The page sees a new state up to three seconds after the poll.
    for (let seconds = 10; seconds <= 60; seconds += 10) {
      const now = at(seconds + (seconds % 4));
      const row = updateRow(before, polled(seconds + skewSeconds, seconds * 5_000), now);
      const counted = countCopied(throughput, { before, row, absentAt: opened, now });
      ({ throughput, row: before } = counted);
    }
    expect(throughput.totalBytes).toBeCloseTo(300_000);
    return peakRate(throughput);
  };
  expect(peak(0)).toBeCloseTo(5_000);
  // The clock of the browser is ahead by a quarter of an hour: the times are only known within a few seconds.
  expect(peak(-900)).toBeGreaterThan(4_900);
  expect(peak(-900)).toBeLessThan(6_500);
});

test("the last bytes end when Storage has completed the copy", () => {
  const [, last] = receive([polled(10, 400_000), 11], [completed(14, 600_000), 30]);
  expect(last).toEqual({ bytes: 200_000, from: 10, to: 14 });
});

test("the first bytes begin at the start of the copy or, if only a list is known, at its request", () => {
  expect(receive([{ ...polled(10, 500), createdAt: iso(2) }, 12])).toEqual([
    { bytes: 500, from: 2, to: 10 },
  ]);
  const row = updateRow(undefined, { ...polled(10, 500), createdAt: iso(2) }, at(12));
  // Only the time of the start matters here.
  const copy = { startedAt: iso(6) } as Copy;
  expect(copiedBetween(undefined, { ...row, copy }, { absentAt: opened, now: at(12) })).toEqual({
    bytes: 500,
    from: at(6),
    to: at(10),
  });
});

test("a browser whose clock is wrong shows the same rates, at the times at which it received them", () => {
  const late = 3_600;
  const [, ahead] = receive([polled(0, 100), late], [polled(10, 300), late + 11]);
  expect(ahead).toEqual({ bytes: 200, from: late + 1, to: late + 11 });
  const [, behind] = receive([polled(0, 100), -late], [polled(10, 300), -late + 11]);
  expect(behind).toEqual({ bytes: 200, from: -late + 1, to: -late + 11 });
  // A whole copy between two lists.
  const short = { ...completed(4, 600), createdAt: iso(2) };
  const row = updateRow(undefined, short, at(late + 10));
  const whole = copiedBetween(undefined, row, { absentAt: at(late), now: at(late + 10) });
  expect(whole).toEqual({ bytes: 600, from: at(late + 8), to: at(late + 10) });
});
