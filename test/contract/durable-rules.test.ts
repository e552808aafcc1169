import { DatabaseSync } from "node:sqlite";
import * as df from "durable-functions";
import { expect, test, vi } from "vitest";
import {
  days,
  hours,
  minutes,
  type Orchestrator,
  seconds,
  type Activities,
  testClock,
  testEngine,
  testFunctions,
  testHubFile,
} from "../support/durable-app.ts";

const run = async (it: Orchestrator, activities: Activities = {}, options = {}) => {
  const engine = await testEngine({ app: { orchestrators: { it }, activities }, ...options });
  await engine.startNew("it", "one", {});
  await engine.clock.settled();
  return engine;
};

const later = (context: df.OrchestrationContext, ms: number) =>
  new Date(context.df.currentUtcDateTime.getTime() + ms);

test("calling an unknown activity fails the instance, where Azure would wait for ever", async () => {
  const engine = await run(function* (context) {
    yield context.df.callActivity("nobody", {});
  });
  const { runtimeStatus, output } = await engine.status("one");
  expect(runtimeStatus).toBe("Failed");
  expect(output).toContain(
    "The function 'nobody' doesn't exist, is disabled, or is not an activity",
  );
});

test.each<[string, Orchestrator]>([
  [
    "sub-orchestrations",
    function* (context) {
      yield context.df.callSubOrchestrator("it", {});
    },
  ],
  [
    "entities",
    function* (context) {
      yield context.df.callEntity(new df.EntityId("counter", "one"), "add");
    },
  ],
  [
    "durable HTTP",
    function* (context) {
      yield context.df.callHttp({ method: "GET", url: "https://example.org" });
    },
  ],
])("what is out of scope fails by name: %s", async (name, it) => {
  const engine = await run(it);
  const { runtimeStatus, output } = await engine.status("one");
  expect(runtimeStatus).toBe("Failed");
  expect(output).toContain(`has not implemented ${name}`);
});

test.each([
  [8_000, "Running"],
  [8_200, "Failed"],
])("a custom status of %i characters leaves the instance %s", async (length, runtimeStatus) => {
  const engine = await run(function* (context) {
    context.df.setCustomStatus("x".repeat(length));
    yield context.df.waitForExternalEvent("never");
  });
  expect(await engine.status("one")).toMatchObject({ runtimeStatus });
});

test("a custom status that a turn does not set is null, but for a generation's first turn", async () => {
  const engine = await run(function* (context) {
    const { again } = context.df.getInput() as { again?: boolean };
    if (again !== true) {
      context.df.setCustomStatus({ first: true });
      yield context.df.createTimer(later(context, minutes(1)));
      return context.df.continueAsNew({ again: true });
    }
    yield context.df.createTimer(later(context, minutes(1)));
    return yield context.df.waitForExternalEvent("never");
  });
  expect(await engine.status("one")).toMatchObject({ customStatus: { first: true } });
  await engine.clock.advance(minutes(1));
  expect(await engine.status("one")).toMatchObject({
    input: { again: true },
    customStatus: { first: true },
  });
  await engine.clock.advance(minutes(1));
  expect(await engine.status("one")).toMatchObject({ customStatus: null });
});

test("an activity delivered again runs again, and its second result changes nothing", async () => {
  let runs = 0;
  const engine = await run(
    function* (context) {
      const first = yield context.df.callActivity("count", {});
      yield context.df.createTimer(later(context, hours(1)));
      return [first, yield context.df.callActivity("count", {})];
    },
    { count: () => ++runs },
    { redeliver: () => [0, minutes(10)] },
  );
  await engine.clock.advance(minutes(10));
  expect(runs).toBe(3);
  const duplicates = (await engine.history("one")).filter((e) => e.EventType === "TaskCompleted");
  expect(duplicates.map((e) => e.Result)).toEqual([1, 2, 3]);
  await engine.clock.advance(hours(2));
  // Extra runs go on after the instance has ended.
  expect(runs).toBe(6);
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Completed", output: [1, 4] });
});

test("no more activities and orchestrators run at once than the limits say", async () => {
  let running = 0;
  let most = 0;
  const busy = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
  };
  const engine = await testEngine({
    app: {
      orchestrators: {
        *it(context) {
          yield context.df.Task.all(
            [1, 2, 3, 4].map((n) => context.df.callActivity("busy", { n })),
          );
        },
      },
      activities: { busy },
    },
    maxConcurrentActivities: 3,
  });
  for (let n = 0; n < 5; n++) await engine.startNew("it", `i-${n}`);
  await engine.clock.settled();
  expect(most).toBe(3);
  expect(await engine.status("i-4")).toMatchObject({ runtimeStatus: "Completed" });
});

test("an instance takes one turn at a time, and the limit holds over all instances", async () => {
  const clock = testClock();
  const functions = await testFunctions({
    orchestrators: {
      *it(context) {
        yield context.df.waitForExternalEvent("go");
        return yield context.df.waitForExternalEvent("go");
      },
    },
  });
  const running = new Map<string, number>();
  let most = 0;
  const engine = await testEngine({
    clock,
    functions: {
      ...functions,
      async invokeOrchestrator(name, trigger) {
        const { instanceId } = JSON.parse(trigger);
        expect(running.get(instanceId) ?? 0).toBe(0);
        running.set(instanceId, 1);
        most = Math.max(most, running.size);
        await new Promise((resolve) => setImmediate(resolve));
        running.delete(instanceId);
        return functions.invokeOrchestrator(name, trigger);
      },
    },
    maxConcurrentOrchestrators: 2,
  });
  for (let n = 0; n < 4; n++) {
    await engine.startNew("it", `i-${n}`);
    await engine.raise(`i-${n}`, "go");
    await engine.raise(`i-${n}`, "go");
  }
  expect(await engine.status("i-3")).toMatchObject({ runtimeStatus: "Completed" });
  expect(most).toBe(2);
});

test("work that the host could not call is tried again", async () => {
  const clock = testClock();
  const functions = await testFunctions({
    orchestrators: {
      *it(context) {
        return yield context.df.callActivity("echo", { n: 1 });
      },
    },
    activities: { echo: (input) => input },
  });
  let trouble = 2;
  const stumble = () => {
    if (trouble-- > 0) throw new Error("The host is not ready");
  };
  const engine = await testEngine({
    clock,
    functions: {
      ...functions,
      invokeOrchestrator: async (...call) => (stumble(), functions.invokeOrchestrator(...call)),
      invokeActivity: async (...call) => (stumble(), functions.invokeActivity(...call)),
    },
  });
  await engine.startNew("it", "one");
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Pending" });
  await clock.advance(seconds(15));
  expect(await engine.status("one")).toMatchObject({ output: { n: 1 } });
});

test("stopping waits for what runs and begins nothing more", async () => {
  const gate: { open?: () => void } = {};
  const engine = await testEngine({
    app: {
      orchestrators: {
        *it(context) {
          yield context.df.callActivity("slow", {});
        },
      },
      activities: { slow: () => new Promise<void>((resolve) => (gate.open = resolve)) },
    },
  });
  await engine.startNew("it", "one");
  await vi.waitUntil(() => gate.open !== undefined);
  let stopped = false;
  const stop = async () => {
    await engine.stop();
    stopped = true;
  };
  const stopping = stop();
  await new Promise((resolve) => setImmediate(resolve));
  expect(stopped).toBe(false);
  gate.open?.();
  await stopping;
});

test("a task hub of another version is refused with the fix", async () => {
  const file = testHubFile();
  const other = new DatabaseSync(file);
  other.exec("PRAGMA user_version = 99");
  other.close();
  await expect(
    testEngine({
      file,
      functions: await testFunctions({
        orchestrators: {
          *it() {},
        },
      }),
    }),
  ).rejects.toThrow(/another version of Ferry wrote it: schema 99/);
});

/** Generous against what it takes (a tenth), so that a busy machine does not fail them. */
const quick = seconds(5);

test("fourteen days of polling every three hours pass in a moment", async () => {
  let reads = 0;
  const engine = await run(
    function* (context) {
      for (let n = 0; n < 14 * 8; n++) {
        yield context.df.callActivity("read", {});
        yield context.df.createTimer(later(context, hours(3)));
      }
      return "done";
    },
    { read: () => ++reads },
  );
  const begun = performance.now();
  await engine.clock.advance(days(14));
  expect(performance.now() - begun).toBeLessThan(quick);
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Completed", output: "done" });
  expect(reads).toBe(14 * 8);
});

test("a thousand pending instances start and wake in a moment", async () => {
  const engine = await testEngine({
    file: testHubFile(),
    app: {
      orchestrators: {
        *it(context) {
          yield context.df.callActivity("echo", {});
          yield context.df.createTimer(later(context, hours(1)));
        },
      },
      activities: { echo: (input) => input },
    },
  });
  const begun = performance.now();
  for (let n = 0; n < 1000; n++) await engine.startNew("it", `i-${n}`);
  await engine.clock.advance(hours(1));
  expect(performance.now() - begun).toBeLessThan(quick);
  const done = await engine.request("GET", "instances/?runtimeStatus=Completed&top=2000");
  expect(JSON.parse(done.body)).toHaveLength(1000);
});

test("a history of more than a thousand events grows in a moment", async () => {
  const begun = performance.now();
  const engine = await run(
    function* (context) {
      for (let n = 0; n < 250; n++) yield context.df.callActivity("echo", { n });
      return "done";
    },
    { echo: (input) => input },
    { file: testHubFile() },
  );
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Completed" });
  expect(performance.now() - begun).toBeLessThan(quick);
});
