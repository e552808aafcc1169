import * as fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import type { VirtualClock } from "../../../src/local/clock.ts";
import type { CommitPoint, DurableEngine } from "../../../src/local/durable/api/engine-api.ts";
import { openDurableEngine } from "../../../src/local/durable/engine.ts";
import {
  hours,
  minutes,
  testClock,
  testFunctions,
  testHubFile,
  testStart,
} from "../../support/host/durable-app.ts";
import { sized } from "../../support/campaign-size.ts";
import { waitForCopy } from "../../support/host/durable-wait.ts";

type Plan = {
  /** The commit points, counted across all processes, at which the process dies. */
  deaths: readonly number[];
  /** The events that a client raises, and when (ms from the start). */
  events: readonly { at: number; name: "abort" | "wake" }[];
  /** When Storage has finished the copy (ms from the start). */
  copyTakes: number;
  redeliver?: readonly number[];
};

type Life = { output: unknown; aborts: number; passages: Set<string>; deaths: number };

/** Simulates the death of the process: the engine must not do anything after it. */
class Death extends Error {}

/** Runs a copy of at most sixteen hours. The process dies as planned, and the next one opens the same file. */
async function live(plan: Plan, clock: VirtualClock): Promise<Life> {
  const file = testHubFile();
  const origin = clock.now();
  const passages = new Set<string>();
  const errors: string[] = [];
  let passage = 0;
  let deaths = 0;
  let aborts = 0;
  let abortedAt = Infinity;
  let engine: DurableEngine;
  const functions = await testFunctions({
    orchestrators: { waitForCopy },
    activities: {
      prepare: () => null,
      start: () => null,
      abort() {
        if (clock.now() < origin + plan.copyTakes) abortedAt = Math.min(abortedAt, clock.now());
        aborts++;
      },
      read() {
        if (abortedAt < Infinity) return { state: "aborted" };
        return { state: clock.now() >= origin + plan.copyTakes ? "success" : "pending" };
      },
    },
  });
  const probe = (point: CommitPoint, when: "before" | "after") => {
    passages.add(`${when} ${point}`);
    if (!plan.deaths.includes(passage++)) return;
    deaths++;
    clock.schedule(clock.now(), open);
    throw new Death(`${when} ${point}`);
  };
  const open = () => {
    engine = openDurableEngine({
      clock,
      file,
      hubName: "TestHub",
      functions,
      maxConcurrentOrchestrators: 2,
      maxConcurrentActivities: 2,
      log: ({ level, message }) => {
        if (level === "error") errors.push(message);
      },
      probe,
      redeliver: () => plan.redeliver ?? [],
    });
    engine.start();
  };
  /** Repeats the call without a response, like a client. Whether the first call took effect is unknown. */
  const ask = async (method: string, path: string): Promise<void> => {
    const url = new URL(`http://localhost/runtime/webhooks/durabletask/${path}`);
    const headers = { "content-type": "application/json" };
    const query = url.searchParams;
    try {
      await engine.handle({ method, path, query, headers, body: "null", url });
    } catch (error) {
      if (!(error instanceof Death) && !/task hub is closed/.test(String(error))) throw error;
      clock.schedule(clock.now(), () => void clock.track(ask(method, path)));
    }
  };

  const status = async () => {
    const query = new URLSearchParams();
    const url = new URL("http://localhost/");
    const path = "instances/one";
    const answer = await engine.handle({ method: "GET", path, query, headers: {}, body: "", url });
    return JSON.parse(answer.body);
  };
  /** An event is lost while a dead process holds the message that starts the instance. */
  const raise = async (name: string): Promise<void> => {
    const isPending = await status().then(
      ({ runtimeStatus }) => runtimeStatus === "Pending",
      () => true, // the engine is dead
    );
    if (!isPending) return ask("POST", `instances/one/raiseEvent/${name}`);
    clock.schedule(clock.now() + minutes(1), () => void clock.track(raise(name)));
  };

  open();
  await ask("POST", "orchestrators/waitForCopy/one");
  for (const { at, name } of plan.events) {
    clock.schedule(origin + at, () => void clock.track(raise(name)));
  }
  await clock.advance(hours(16));
  const { runtimeStatus, output } = await status();
  await engine!.stop();
  expect(errors).toEqual([]);
  return { output: { runtimeStatus, output }, aborts, passages, deaths };
}

const everyPassage = ["client request", "turn", "activity completion", "timer"].flatMap((point) => [
  `before ${point}`,
  `after ${point}`,
]);

const calm: Plan = {
  deaths: [],
  events: [
    { at: minutes(90), name: "wake" },
    { at: hours(5) + minutes(30), name: "wake" },
  ],
  copyTakes: hours(7),
};

test("a death at any single commit changes nothing about the outcome", async () => {
  const clock = testClock();
  const undisturbed = await live(calm, clock);
  expect(undisturbed.output).toMatchObject({
    runtimeStatus: "Completed",
    output: { state: "success", abortAsked: false },
  });
  expect([...undisturbed.passages].toSorted()).toEqual(everyPassage.toSorted());
  let died = 0;
  for (let death = 0; ; death++) {
    const { output, deaths } = await live({ ...calm, deaths: [death] }, clock);
    if (deaths === 0) break;
    died += deaths;
    // A wake that was sent twice, because it got no response, may cause one additional read.
    expect(withoutReads(output), `death at passage ${death}`).toEqual(
      withoutReads(undisturbed.output),
    );
  }
  expect(died).toBeGreaterThan(80);
});

/** Each death delays the copy by the queues' visibility timeout, and reads are an hour apart. */
const mostDeaths = 12;
const mostDelay = mostDeaths * minutes(5) + hours(1);

/** Events are so far from the copy's end that no delay moves them past it. */
const plans = fc
  .record({
    deaths: fc.uniqueArray(fc.nat(120), { maxLength: mostDeaths }),
    events: fc.array(
      fc.record({
        at: fc.integer({ min: 0, max: hours(12) }),
        name: fc.constantFrom("abort" as const, "wake" as const),
      }),
      { maxLength: 6 },
    ),
    copyTakes: fc.integer({ min: 0, max: hours(10) }),
    redeliver: fc.array(fc.integer({ min: 1, max: hours(3) }), { maxLength: 2 }),
  })
  .map((plan) => ({
    ...plan,
    events: plan.events.filter(({ at }) => Math.abs(at - plan.copyTakes) > mostDelay),
  }));

test("any mix of deaths, events and second deliveries leads to the same outcome as without them", async () => {
  const clock = testClock();
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const calmLife = await live({ ...plan, deaths: [], redeliver: [] }, clock);
      const hardLife = await live(plan, clock);
      expect(withoutReads(hardLife.output)).toEqual(withoutReads(calmLife.output));
      // An early abort may find that the copy was not started yet, and then there is nothing to abort.
      const isStarted = plan.events.every(({ at }) => at > mostDelay);
      if (isStarted) expect(hardLife.aborts > 0).toBe(calmLife.aborts > 0);
    }),
    { numRuns: sized({ small: 12, full: 60 }) },
  );
});

function withoutReads(outcome: unknown): unknown {
  return JSON.parse(JSON.stringify(outcome, (key, value) => (key === "reads" ? undefined : value)));
}

test("activities that were running when the process died run again", async () => {
  const clock = testClock();
  const file = testHubFile();
  const runs: string[] = [];
  let life = "first";
  const functions = await testFunctions({
    orchestrators: {
      *it(context) {
        return yield context.df.callActivity("note", {});
      },
    },
    activities: { note: () => (runs.push(life), life) },
  });
  const options = {
    clock,
    file,
    hubName: "TestHub",
    functions,
    maxConcurrentOrchestrators: 1,
    maxConcurrentActivities: 1,
    log: () => {},
  };
  const url = new URL("http://localhost/");
  const request = { query: new URLSearchParams(), headers: {}, body: "", url };
  const first = openDurableEngine({
    ...options,
    probe(point, when) {
      if (point === "activity completion" && when === "before") throw new Death();
    },
  });
  first.start();
  await first.handle({ ...request, method: "POST", path: "orchestrators/it/one" });
  await clock.settled();
  expect(runs).toEqual(["first"]);

  life = "second";
  const second = openDurableEngine(options);
  onTestFinished(() => second.stop());
  second.start();
  // The dead process holds the activity's message.
  await clock.advance(minutes(5) - 1);
  expect(runs).toEqual(["first"]);
  await clock.advance(1);
  const answer = await second.handle({ ...request, method: "GET", path: "instances/one" });
  expect(JSON.parse(answer.body)).toMatchObject({ runtimeStatus: "Completed", output: "second" });
  expect(runs).toEqual(["first", "second"]);
});

test("timers that became due while no process ran fire at the next start", async () => {
  const clock = testClock();
  const file = testHubFile();
  const functions = await testFunctions({
    orchestrators: {
      *it(context) {
        yield context.df.createTimer(new Date(testStart + hours(1)));
        return context.df.currentUtcDateTime;
      },
    },
  });
  const options = {
    clock,
    file,
    hubName: "TestHub",
    functions,
    maxConcurrentOrchestrators: 1,
    maxConcurrentActivities: 1,
    log: () => {},
  };
  const url = new URL("http://localhost/");
  const request = { query: new URLSearchParams(), headers: {}, body: "", url };
  const first = openDurableEngine(options);
  first.start();
  await first.handle({ ...request, method: "POST", path: "orchestrators/it/one" });
  await clock.settled();
  await first.stop();
  await clock.advance(hours(3));

  const second = openDurableEngine(options);
  onTestFinished(() => second.stop());
  second.start();
  await clock.advance(0);
  const answer = await second.handle({ ...request, method: "GET", path: "instances/one" });
  expect(JSON.parse(answer.body)).toMatchObject({
    runtimeStatus: "Completed",
    output: "2026-01-01T03:00:00.000Z",
  });
});
