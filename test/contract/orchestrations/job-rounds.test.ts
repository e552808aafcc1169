import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { jobOrchestration } from "../../../src/orchestrations/job-orchestration.ts";
import { jobInstanceId, orchestrations } from "../../../src/names.ts";
import {
  minutes,
  seconds,
  testEngine,
  testHubFile,
  testStart,
} from "../../support/host/durable-app.ts";
import type { TestEngine } from "../../support/host/durable-app.ts";

/* The rounds of a job's orchestration: activities and timers of at most a minute, and a bounded history. */

const id = "01a1f8d3-ea00-7155-946e-1b708a07a383";
const instance = jobInstanceId(id, 1);
const input = { version: 1, instanceId: id, generation: 1 };

/** `work` returns the activity's result for a round, counted from 1. */
async function startJob(
  work: (round: number, now: number) => unknown,
  given: object = input,
): Promise<TestEngine & { rounds(): number[]; countEvents(): number }> {
  const rounds: number[] = [];
  const file = testHubFile();
  const engine: TestEngine = await testEngine({
    file,
    app: {
      orchestrators: { [orchestrations.job]: jobOrchestration },
      activities: {
        workOnJob: () => {
          rounds.push(engine.clock.now());
          return work(rounds.length, engine.clock.now());
        },
      },
    },
  });
  await engine.startNew(orchestrations.job, instance, given);
  return { ...engine, rounds: () => rounds, countEvents: () => countEvents(file) };
}

/** The events of the only instance, with those that the status route omits. */
function countEvents(file: string): number {
  const hub = new DatabaseSync(file, { readOnly: true });
  const { events } = hub.prepare("SELECT count(*) AS events FROM history").get() ?? {};
  hub.close();
  return Number(events);
}

test("a job of 320 rounds never has a history of a thousand events", async () => {
  const engine = await startJob((round, now) =>
    round < 320 ? { kind: "wait", until: now + seconds(5) } : { kind: "done", reason: "ended" },
  );
  let longest = 0;
  for (let step = 0; step < 45; step++) {
    await engine.clock.advance(seconds(50));
    longest = Math.max(longest, engine.countEvents());
  }
  expect(engine.rounds()).toHaveLength(320);
  expect(await engine.status(instance)).toMatchObject({ runtimeStatus: "Completed" });
  expect(longest).toBeGreaterThan(100);
  expect(longest).toBeLessThan(1_000);
});

test("the activity runs again after a minute at most, however late it is due", async () => {
  const engine = await startJob((round, now) =>
    round < 4 ? { kind: "wait", until: now + minutes(300) } : { kind: "done", reason: "ended" },
  );
  await engine.clock.advance(minutes(10));
  const rounds = engine.rounds();
  expect(rounds).toHaveLength(4);
  rounds.slice(1).forEach((at, index) => {
    expect(at - (rounds[index] ?? 0)).toBeGreaterThanOrEqual(minutes(1));
    expect(at - (rounds[index] ?? 0)).toBeLessThanOrEqual(minutes(1) + seconds(1));
  });
});

test("a round without a wait follows immediately", async () => {
  const engine = await startJob((round) =>
    round < 5 ? { kind: "again" } : { kind: "done", reason: "ended" },
  );
  await engine.status(instance);
  expect(engine.rounds()).toEqual([1, 2, 3, 4, 5].map(() => testStart));
});

test("an activity that fails is run again, after waits that grow to a minute", async () => {
  const engine = await startJob((round) => {
    if (round < 9) throw new Error("Cannot reach the ledger");
    return { kind: "done", reason: "ended" };
  });
  await engine.clock.advance(minutes(20));
  const rounds = engine.rounds();
  const waits = rounds.slice(1).map((at, index) => at - (rounds[index] ?? 0));
  expect(waits).toEqual(waits.toSorted((one, other) => one - other));
  expect(waits[0]).toBeGreaterThanOrEqual(seconds(2));
  expect(waits.at(-1)).toBeGreaterThanOrEqual(minutes(1));
  expect(waits.at(-1)).toBeLessThanOrEqual(minutes(1) + seconds(1));
  expect(await engine.status(instance)).toMatchObject({ runtimeStatus: "Completed" });
});

test("an input that Ferry cannot have written calls no activity", async () => {
  const engine = await startJob(() => ({ kind: "again" }), { ...input, instanceId: "../other" });
  expect(await engine.status(instance)).toMatchObject({
    runtimeStatus: "Completed",
    output: { kind: "done" },
  });
  expect(engine.rounds()).toEqual([]);
});
