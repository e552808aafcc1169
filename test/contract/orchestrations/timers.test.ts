import fc from "fast-check";
import { expect, test } from "vitest";
import { epochMs } from "../../../src/copy/time.ts";
import { timerFor } from "../../../src/orchestrations/waits.ts";
import { copyOrchestration } from "../../../src/orchestrations/copy-orchestration.ts";
import { orchestrations } from "../../../src/names.ts";
import { days, minutes, seconds, testEngine, testStart } from "../../support/host/durable-app.ts";
import type { Activities, TestEngine } from "../../support/host/durable-app.ts";

/** The extension hides a timer's message for whole seconds, rounded down, counted from just after its creation. */
function firesAt(timer: number, now: number): number {
  return now + Math.max(0, Math.ceil((timer - now) / 1_000) - 1) * 1_000;
}

test("no future timer fires before it is due, and no timer is created for more than a day", () => {
  const now = fc.integer({ min: 0, max: 10 ** 12 });
  fc.assert(
    fc.property(now, fc.integer({ min: 1, max: days(1) - 1_000 }), (now, wait) => {
      const timer = timerFor(epochMs(now + wait), epochMs(now));
      expect(timer).toBe(now + wait + 1_000);
      expect(firesAt(timer, now)).toBeGreaterThanOrEqual(now + wait);
      expect(firesAt(timer, now)).toBeLessThan(now + wait + 1_000);
    }),
  );
  expect(timerFor(epochMs(days(3)), epochMs(0))).toBe(days(1));
});

test("a timer that is due now is not postponed", () => {
  expect([5_000, 4_000].map((due) => timerFor(epochMs(due), epochMs(5_000)))).toEqual([
    5_000, 4_000,
  ]);
});

const aCopy = "01a1f8d3-ea00-7155-946e-1b708a07a383";
const blob = (path: string) => ({
  service: "blob",
  origin: "https://acme.blob.core.windows.net",
  account: "acme",
  secondary: false,
  emulated: false,
  container: "in",
  path,
});
const options = { sourceLease: "off", destinationLease: null, rollback: "off" };
const input = {
  version: 1,
  source: blob("a"),
  destination: blob("b"),
  sourceSas: null,
  destinationSas: null,
  options,
  createdAt: new Date(testStart).toISOString(),
};
const plan = { source: { etag: "a", length: 1_000 }, destinationEtag: null };
const started = { kind: "started", started: { plan, copyId: "copy-1" } };
const progress = { bytesCopied: 0, totalBytes: 1_000 };
const pending = { kind: "pending", progress, warning: null };
const success = { kind: "success", progress: { bytesCopied: 1, totalBytes: 1 }, etag: "e" };

async function startCopy(activities: Activities): Promise<TestEngine> {
  const engine = await testEngine({
    app: {
      orchestrators: { [orchestrations.copy]: copyOrchestration },
      activities: {
        startCopy: () => ({ ...started, status: pending }),
        readCopy: () => ({ ...success, endedAt: null }),
        settleCopy: () => ({ kind: "settled", outcome: { status: "succeeded" } }),
        ...activities,
      },
    },
  });
  await engine.startNew(orchestrations.copy, aCopy, input);
  return engine;
}

test("nextReadAt is when the poll is due, and its timer is created for a second later", async () => {
  const engine = await startCopy({});
  const { customStatus } = await engine.status(aCopy);
  expect(customStatus.nextReadAt).toBe(new Date(testStart + 2_000).toISOString());
  const timers = (await engine.history(aCopy)).filter(
    ({ EventType }) => EventType === "TimerCreated",
  );
  expect(Date.parse(timers.at(-1).FireAt)).toBe(testStart + 3_000);
});

test("waits for a fence to pass do not count as attempts to settle", async () => {
  const attempts: boolean[] = [];
  const engine = await startCopy({
    settleCopy: ({ isLastAttempt }) => {
      attempts.push(isLastAttempt);
      const until = engine.clock.now() + seconds(1);
      return attempts.length <= 25
        ? { kind: "wait", until, fence: true }
        : { kind: "settled", outcome: { status: "succeeded" } };
    },
  });
  await engine.clock.advance(days(3));
  const { runtimeStatus, output } = await engine.status(aCopy);
  expect({ runtimeStatus, output }).toEqual({
    runtimeStatus: "Completed",
    output: { status: "succeeded" },
  });
  expect(attempts).toHaveLength(26);
  expect(attempts).not.toContain(true);
});

test("Ferry waits for a fence on a clock that is a quarter of an hour behind, with few attempts", async () => {
  const calls: number[] = [];
  const fencedUntil = testStart + minutes(16);
  const engine = await startCopy({
    settleCopy: () => {
      calls.push(engine.clock.now());
      // By this host's clock, the fence has passed long before.
      const until = fencedUntil - minutes(15);
      return engine.clock.now() < fencedUntil
        ? { kind: "wait", until, fence: true }
        : { kind: "settled", outcome: { status: "succeeded" } };
    },
  });
  await engine.clock.advance(minutes(60));
  expect((await engine.status(aCopy)).runtimeStatus).toBe("Completed");
  expect(calls.length).toBeLessThan(15);
});
