import { expect, test } from "vitest";
import { drawFrom } from "../../bench/polling/draw.ts";
import { ferry, historyEvents, poll, toSteps } from "../../bench/polling/simulate.ts";
import { drawTrace } from "../../bench/polling/traces.ts";
import { hour, rareTimers, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";
import { sized } from "../../support/campaign-size.ts";
import { seedFor } from "../../support/seeds.ts";

const film = Buffer.alloc(1_000_000, "film");
const seed = seedFor("BENCH_SEED");

/** Times of the reads of the destination (ms from the start). */
function readTimes(stack: TestStack, startedAt: number): number[] {
  const times = stack.local.emulator.requests
    .filter(({ method, url }) => method === "HEAD" && url.includes("/archive/film.mp4"))
    .map(({ at }) => at - startedAt)
    .filter((at) => at > 0);
  return [...new Set(times)]; // settle reads once more, at the time of the last poll
}

async function startCopy(stack: TestStack): Promise<string> {
  const source = await stack.upload("inbox/film.mp4", film);
  const destination = stack.blob("archive/film.mp4").url;
  return (await stack.start({ source: source.url, destination })).id;
}

test.each(["steady", "bursty", "staircase", "slow start", "stalled, then on"] as const)(
  `a %s copy is polled exactly when the simulation polls (BENCH_SEED=${seed})`,
  async (shape) => {
    const draw = drawFrom(seed);
    const stepBytes = Math.round(draw.logarithmic(5_000, 100_000));
    const given = { totalBytes: film.length, chunkBytes: 1, stepBytes };
    const trace = drawTrace(shape, draw, given);
    const stack = await startStack({ copies: { steps: toSteps(trace) }, persistent: true });
    const startedAt = stack.clock.now();
    const id = await startCopy(stack);
    const copy = await stack.untilEnded(id, 60);

    // Each poll is on time or, because of its timer, at most one second late.
    const times = readTimes(stack, startedAt);
    const lateMs: number[] = [];
    const late = (due: number) => {
      lateMs.push((times[lateMs.length] ?? Infinity) - due);
      return lateMs.at(-1) ?? 0;
    };
    const simulated = poll(trace, ferry, { keep: true, late });
    expect(times).toEqual(simulated.readTimes);
    expect(Math.min(...lateMs)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...lateMs)).toBeLessThanOrEqual(1_000);
    expect(copy).toMatchObject({ status: "succeeded", statusReads: simulated.reads });
    expect(stack.countHistoryEvents()).toBe(historyEvents(simulated.reads));
  },
);

test("fourteen days of worst-case progress, with the maximum number of wakes, stay below 1,000 events", async () => {
  // At every poll, the copy seems about to end, but it continues.
  const totalMs = 14 * 24 * hour - 60_000;
  const steps = Array.from({ length: 400 }, (_, index) => {
    const afterMs = Math.round(2_000 * (totalMs / 2_000) ** (index / 399));
    const share = Math.log(afterMs / 1_000) / Math.log(totalMs / 1_000);
    return { afterMs, bytesCopied: Math.floor(film.length * share ** 0.1) - 1 };
  });
  const stack = await startStack({
    copies: { steps },
    // The watchdog's rounds take most of the test's time: every five minutes as in Azure, or every day.
    environment: sized<Record<string, string>>({ small: rareTimers, full: {} }),
    persistent: true,
  });
  const id = await startCopy(stack);
  await stack.clock.advance(60_000);
  // A copy may have 20 wakes from its start, and one more for every twelve hours until its end.
  for (let wakes = 0; wakes < 47; wakes++) {
    if (wakes >= 20) await stack.clock.advance(12 * hour);
    const webhook = `${stack.local.host.url}/runtime/webhooks/durabletask/instances/${id}/raiseEvent/wake`;
    await fetch(webhook, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "null",
    });
    await stack.clock.settled();
  }
  const copy = await stack.untilEnded(id, 60);
  expect(copy.status).toBe("succeeded");
  expect(copy.statusReads).toBeGreaterThan(85);
  expect(stack.countHistoryEvents()).toBeLessThan(1_000);
}, 600_000);

test("a stalled copy has a warning and no estimate; a copy in progress has an estimated end", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 1_000 } });
  const startedAt = stack.clock.now();
  const id = await startCopy(stack);
  await stack.clock.advance(400_000);
  const { progress, warning } = await stack.get(id);
  expect(warning).toBeNull();
  expect(Math.abs(progress.bytesPerSecond - 1_000)).toBeLessThan(30);
  const end = startedAt + 1_000_000;
  expect(Math.abs(Date.parse(progress.estimatedCompletion) - end)).toBeLessThan(30_000);

  stack.local.emulator.copies.stall({ container: "archive", blob: "film.mp4" });
  await stack.clock.advance(2 * hour);
  const stalled = await stack.get(id);
  expect(stalled.warning).toMatch(/^Storage has copied nothing since 2026-/);
  expect(stalled.progress).toMatchObject({ bytesPerSecond: null, estimatedCompletion: null });
});
