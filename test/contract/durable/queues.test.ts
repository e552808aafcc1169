import type * as df from "durable-functions";
import { expect, test } from "vitest";
import type { CommitPoint } from "../../../src/local/durable/api/engine-api.ts";
import {
  hours,
  minutes,
  seconds,
  testClock,
  testEngine,
  testHubFile,
  testStart,
  type TestEngineOptions,
} from "../../support/host/durable-app.ts";

/*
 * The effects of the Azure Storage backend's queues: timers arrive early, messages that a dead process took are
 * invisible for some time, and events can overtake each other.
 */

const later = (context: df.OrchestrationContext, ms: number) =>
  new Date(context.df.currentUtcDateTime.getTime() + ms);

test.each([
  [-60_000, 0],
  [0, 0],
  [1, 1],
  [900, 50],
  [1_000, 50],
  [1_001, 1_000],
  [1_990, 1_000],
  [2_000, 1_000],
  [2_001, 2_000],
  [11_000, 10_000],
  [3_600_000, 3_599_000],
])("a timer of %i ms fires after %i ms", async (wait, fires) => {
  let firedAt = 0;
  const engine = await testEngine({
    app: {
      orchestrators: {
        *it(context) {
          yield context.df.createTimer(later(context, wait));
          yield context.df.callActivity("note", {});
        },
      },
      activities: { note: () => void (firedAt = engine.clock.now()) },
    },
  });
  await engine.startNew("it", "one");
  await engine.clock.advance(hours(2));
  expect(firedAt - testStart).toBe(fires);
  const [, created, fired] = await engine.history("one");
  expect(created.EventType).toBe("TimerCreated");
  expect(fired).toEqual({ ...created, EventType: "TimerFired" }); // dated with its creation
});

test("an orchestrator that waits again until a time is due is woken repeatedly in the last second", async () => {
  const engine = await testEngine({
    app: {
      orchestrators: {
        *it(context) {
          const due = later(context, seconds(10));
          while (context.df.currentUtcDateTime < due) {
            yield context.df.createTimer(due);
          }
        },
      },
    },
  });
  await engine.startNew("it", "one");
  await engine.clock.advance(seconds(10));
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Completed" });
  const timers = (await engine.history("one")).filter((e) => e.EventType === "TimerCreated");
  expect(timers).toHaveLength(1 + 20);
});

/** An engine that dies at the first commit of a kind, and the next one on its task hub. */
const twoLives = async (
  diesAt: CommitPoint,
  when: "before" | "after",
  more: Partial<TestEngineOptions> = {},
) => {
  const clock = testClock();
  const file = testHubFile();
  const options: TestEngineOptions = {
    clock,
    file,
    app: {
      orchestrators: {
        *it(context) {
          const value = yield context.df.callActivity("echo", { n: 1 });
          const event = yield context.df.waitForExternalEvent("go");
          return { value, event };
        },
      },
      activities: { echo: (input) => input },
    },
    ...more,
  };
  const first = await testEngine({
    ...options,
    probe(point, moment) {
      if (point === diesAt && moment === when) throw new Error("killed");
    },
  });
  return { clock, first, next: (begin = true) => testEngine({ ...options, begin }) };
};

test.each([
  ["turn", 5],
  ["turn", 1],
  ["activity completion", 5],
  ["activity completion", 60],
] as const)(
  "messages that a process held when it died before a commit (%s) are invisible for %i minutes",
  async (point, length) => {
    const visibilityTimeouts = { controlQueueMs: hours(1), workItemQueueMs: hours(1) };
    const key = point === "turn" ? "controlQueueMs" : "workItemQueueMs";
    visibilityTimeouts[key] = minutes(length);
    const { clock, first, next } = await twoLives(point, "before", { visibilityTimeouts });
    await first.startNew("it", "one");
    await clock.settled();
    const second = await next();
    await clock.advance(minutes(length) - 1);
    const events = async () => (await second.history("one"))?.length ?? 0;
    expect(await events()).toBe(point === "turn" ? 0 : 2);
    await clock.advance(1);
    expect((await second.history("one")).at(-1)).toMatchObject({ EventType: "TaskCompleted" });
  },
);

test("messages that a process committed but had not taken yet are visible after its death", async () => {
  const { clock, first, next } = await twoLives("turn", "after");
  await first.startNew("it", "one");
  await clock.settled();
  const second = await next();
  await clock.settled();
  expect((await second.history("one")).at(-1)).toMatchObject({ EventType: "TaskCompleted" });
});

test("a graceful stop releases the messages that were taken", async () => {
  const clock = testClock();
  const file = testHubFile();
  const app = {
    orchestrators: {
      *it(context: df.OrchestrationContext): Generator<df.Task, unknown, unknown> {
        return yield context.df.waitForExternalEvent("go");
      },
    },
  };
  const first = await testEngine({ clock, file, app, maxConcurrentOrchestrators: 0 });
  await first.startNew("it", "one");
  await clock.settled();
  await first.stop();
  const second = await testEngine({ clock, file, app });
  expect(await second.status("one")).toMatchObject({ runtimeStatus: "Running" });
});

test("an event is lost while a dead process holds the message that starts the instance", async () => {
  const { clock, first, next } = await twoLives("turn", "before");
  await first.startNew("it", "one");
  await clock.settled();
  const second = await next();
  expect(await second.raise("one", "go", "early")).toBe(202);
  await clock.advance(minutes(5));
  expect(await second.status("one")).toMatchObject({ runtimeStatus: "Running" });
  expect(second.log).toContainEqual(
    expect.objectContaining({ message: expect.stringContaining("Messages are lost") }),
  );
  await second.raise("one", "go", "late");
  expect(await second.status("one")).toMatchObject({ output: { value: { n: 1 }, event: "late" } });
});

test("a termination takes effect while a dead process holds the message that starts the instance", async () => {
  const { clock, first, next } = await twoLives("turn", "before");
  await first.startNew("it", "one");
  await clock.settled();
  const second = await next();
  await second.request("POST", "instances/one/terminate?reason=off");
  expect(await second.status("one")).toMatchObject({ runtimeStatus: "Terminated", output: "off" });
});

test("events overtake each other according to the delays that a test sets", async () => {
  const delays = [8, 2, 0, 5];
  const engine = await testEngine({
    eventDelay: () => delays.shift() ?? 0,
    app: {
      orchestrators: {
        *it(context) {
          const got: unknown[] = [];
          while (got.length < 4) got.push(yield context.df.waitForExternalEvent("item"));
          return got;
        },
      },
    },
  });
  await engine.startNew("it", "one");
  await engine.clock.settled();
  for (const n of [1, 2, 3, 4]) await engine.raise("one", "item", n);
  await engine.clock.advance(10);
  expect(await engine.status("one")).toMatchObject({ output: [3, 2, 4, 1] });
});

test("events that are delayed past the same turn arrive in their new order", async () => {
  const delays = [8, 2];
  const engine = await testEngine({
    begin: false,
    eventDelay: () => delays.shift() ?? 0,
    app: {
      orchestrators: {
        *it(context) {
          const first = yield context.df.waitForExternalEvent("item");
          return [first, yield context.df.waitForExternalEvent("item")];
        },
      },
    },
  });
  await engine.startNew("it", "one");
  for (const n of [1, 2]) await engine.raise("one", "item", n);
  await engine.clock.advance(10);
  engine.start();
  expect(await engine.status("one")).toMatchObject({ output: [2, 1] });
});
