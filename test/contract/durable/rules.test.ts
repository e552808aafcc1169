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
  type TestEngine,
  testFunctions,
  testHubFile,
} from "../../support/host/durable-app.ts";

const run = async (it: Orchestrator, activities: Activities = {}, options = {}) => {
  const engine = await testEngine({ app: { orchestrators: { it }, activities }, ...options });
  await engine.startNew("it", "one", {});
  await engine.clock.settled();
  return engine;
};

const later = (context: df.OrchestrationContext, ms: number) =>
  new Date(context.df.currentUtcDateTime.getTime() + ms);

test("an instance that calls an unknown activity stays Running forever, and the log has the reason", async () => {
  const engine = await run(function* (context) {
    context.df.setCustomStatus("waits");
    yield context.df.callActivity("nobody", {});
  });
  await engine.clock.advance(days(30));
  expect(await engine.status("one")).toMatchObject({
    runtimeStatus: "Running",
    customStatus: "waits",
  });
  const message = expect.stringContaining(
    "The function 'nobody' doesn't exist, is disabled, or is not an activity",
  );
  expect(engine.log).toContainEqual(expect.objectContaining({ level: "error", message }));
});

test("a race with an unknown activity ends when the timer fires under its id", async () => {
  const engine = await run(function* (context) {
    const work = context.df.callActivity("nobody", {});
    const limit = context.df.createTimer(later(context, minutes(1)));
    const first = yield context.df.Task.any([work, limit]);
    return first === limit;
  });
  await engine.clock.advance(minutes(1));
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Completed", output: false });
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
])("an unsupported operation fails with an error that names it: %s", async (name, it) => {
  const engine = await run(it);
  const { runtimeStatus, output } = await engine.status("one");
  expect(runtimeStatus).toBe("Failed");
  expect(output).toContain(`does not implement ${name}`);
});

test.each([
  // With its quotes: 17,406 bytes of UTF-16, which is below 17 KB.
  [8_701, "Running", null],
  [
    8_702,
    "Failed",
    "Orchestrator function 'it' failed: The UTF-16 size of the JSON-serialized payload must not exceed 16 KB. The current payload size is 17 KB.",
  ],
  [
    16_500,
    "Failed",
    "Orchestrator function 'it' failed: The UTF-16 size of the JSON-serialized payload must not exceed 16 KB. The current payload size is 32 KB.",
  ],
])("a custom status of %i characters leaves the instance %s", async (length, status, output) => {
  const engine = await run(function* (context) {
    context.df.setCustomStatus("x".repeat(length));
    yield context.df.waitForExternalEvent("never");
  });
  const { runtimeStatus, output: text, customStatus } = await engine.status("one");
  expect([runtimeStatus, text]).toEqual([status, output]);
  expect(customStatus).toBe(status === "Failed" ? null : "x".repeat(length));
});

test("a custom status that a turn does not set is null, except in a generation's first turn", async () => {
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

test("a worker that dies during a turn fails the instance and loses the custom status", async () => {
  const clock = testClock();
  const functions = await testFunctions({
    orchestrators: {
      *it(context) {
        context.df.setCustomStatus("lost");
        yield context.df.callActivity("echo", {});
        yield context.df.waitForExternalEvent("go");
      },
    },
    activities: { echo: (input) => input },
  });
  let dies = false;
  const dead = { ok: false, message: "node exited with code 137 (0x89)", stack: "" } as const;
  const engine = await testEngine({
    clock,
    functions: {
      ...functions,
      invokeOrchestrator: async (...call) => (dies ? dead : functions.invokeOrchestrator(...call)),
    },
  });
  await engine.startNew("it", "one");
  expect(await engine.status("one")).toMatchObject({ customStatus: "lost" });
  dies = true;
  await engine.raise("one", "go");
  expect(await engine.status("one")).toMatchObject({
    runtimeStatus: "Failed",
    customStatus: null,
    output: expect.stringContaining(
      "scheduled an activity task with sequence ID 0 and name 'echo'",
    ),
  });
});

test("an orchestrator gets the extension's trigger", async () => {
  const clock = testClock();
  const functions = await testFunctions({
    orchestrators: {
      *it(context) {
        yield context.df.callActivity("echo", { n: 1 });
        yield context.df.createTimer(context.df.currentUtcDateTime);
      },
    },
    activities: { echo: (input) => input },
  });
  const triggers: string[] = [];
  const engine = await testEngine({
    clock,
    functions: {
      ...functions,
      invokeOrchestrator: async (name, trigger) => (
        triggers.push(trigger),
        functions.invokeOrchestrator(name, trigger)
      ),
    },
  });
  await engine.startNew("it", "one", { a: 1 });
  await clock.advance(0);
  const { history, ...rest } = JSON.parse(triggers.at(-1) ?? "{}");
  expect(rest).toEqual({
    input: { a: 1 },
    instanceId: "one",
    isReplaying: true,
    parentInstanceId: null,
    sourceInstanceId: null,
    upperSchemaVersion: 1,
    upperSchemaVersionNew: 3,
    longRunningTimerIntervalDuration: "3.00:00:00",
    maximumShortTimerDuration: "6.00:00:00",
    defaultHttpAsyncRequestSleepTimeMillseconds: 30_000,
  });
  const at = "2026-01-01T00:00:00Z";
  const marked = { EventId: -1, IsPlayed: false, Timestamp: at };
  const played = { ...marked, IsPlayed: true };
  const trace = { ParentTraceContext: null, Tags: null };
  expect(history).toEqual([
    { EventType: 12, ...marked },
    {
      EventType: 0,
      ...played,
      ...trace,
      OrchestrationInstance: { InstanceId: "one", ExecutionId: expect.any(String) },
      ParentInstance: null,
      Name: "it",
      Version: null,
      Input: '{"a":1}',
      Correlation: null,
      ScheduledStartTime: null,
      Generation: 0,
      GenerateNewTrace: false,
    },
    { EventType: 4, ...marked, ...trace, EventId: 0, Name: "echo", Version: "", Input: null },
    { EventType: 13, ...marked },
    { EventType: 12, ...marked },
    { EventType: 5, ...played, TaskScheduledId: 0, Result: '{"n":1}' },
    { EventType: 10, ...marked, EventId: 1, FireAt: at },
    { EventType: 13, ...marked },
    { EventType: 12, ...marked },
    { EventType: 11, ...marked, TimerId: 1, FireAt: at },
  ]);
});

test("a failed activity is reported as a .NET exception", async () => {
  const engine = await run(
    function* (context) {
      yield context.df.callActivity("bad", {});
    },
    {
      bad: () => {
        throw new Error("broken");
      },
    },
  );
  const [, failed, end] = await engine.history("one");
  expect(failed).toMatchObject({
    EventType: "TaskFailed",
    Reason: "Activity function 'bad' failed: broken",
    FailureDetails: null,
    FunctionName: "bad",
  });
  expect(JSON.parse(failed.Details)).toMatchObject({
    $type: "System.Exception, System.Private.CoreLib",
    ClassName: "System.Exception",
    Message: "broken",
    InnerException: {
      RemoteMessage: "broken",
      RemoteStackTrace: expect.stringMatching(/^Error: broken\n {4}at /),
      Message: expect.stringMatching(/^Result: Failure\nException: broken\nStack: Error: broken\n/),
    },
  });
  expect(end.Result).toBe(
    `Orchestrator function 'it' failed: ${failed.Reason} \n ${failed.Details}`,
  );
});

test("an activity that is delivered again runs again, and its second result changes nothing", async () => {
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
  // Extra runs continue after the instance has ended.
  expect(runs).toBe(6);
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Completed", output: [1, 4] });
});

test("the number of activities and orchestrators that run at the same time stays within the limits", async () => {
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

test("an instance takes one turn at a time, and the limit holds across all instances", async () => {
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

test("a function that the host could not call is called again", async () => {
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

test("stopping waits for running work and starts no more", async () => {
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

/** Waits, inside an activity, until the instance has this status: running work stops the clock. */
const until = async (engine: TestEngine, id: string, status: string | undefined) => {
  for (let now = ""; now !== status;) {
    await new Promise((resolve) => setImmediate(resolve));
    const answer = await engine.request("GET", `instances/${id}`);
    now = answer.status === 404 ? "purged" : JSON.parse(answer.body).runtimeStatus;
  }
};

test("an activity that outlives its instance does not affect a later instance of the same id", async () => {
  let calls = 0;
  const engine = await testEngine({
    app: {
      orchestrators: {
        *it(context) {
          return yield context.df.callActivity("outlive", {});
        },
      },
      activities: {
        async outlive() {
          if (++calls > 1) return "new";
          await engine.request("POST", "instances/one/terminate?reason=x");
          await until(engine, "one", "Terminated");
          await engine.startNew("it", "one");
          await until(engine, "one", "Completed");
          return "old";
        },
      },
    },
  });
  await engine.startNew("it", "one");
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Completed", output: "new" });
  expect(await engine.history("one")).toHaveLength(3);
});

test("a second result for a former generation does not reach the next one", async () => {
  const clock = testClock();
  let calls = 0;
  let recorded = 0;
  const gate: { open?: () => void } = {};
  const functions = await testFunctions({
    orchestrators: {
      *it(context) {
        const { last = false } = context.df.getInput() as { last?: boolean };
        const result = yield context.df.callActivity("number", {});
        if (last) return result;
        yield context.df.waitForExternalEvent("go");
        return context.df.continueAsNew({ last: true });
      },
    },
    activities: {
      async number() {
        if (++calls === 2) await new Promise<void>((resolve) => (gate.open = resolve));
        return calls;
      },
    },
  });
  const engine = await testEngine({
    clock,
    redeliver: () => (calls === 1 ? [0] : []),
    probe(point, when) {
      if (point === "activity completion" && when === "after") recorded++;
    },
    functions: {
      ...functions,
      // The extra run ends during the turn that continues as new.
      async invokeOrchestrator(...call) {
        gate.open?.();
        if (gate.open !== undefined) await vi.waitUntil(() => recorded >= 2);
        return functions.invokeOrchestrator(...call);
      },
    },
  });
  await engine.startNew("it", "one", {});
  const extraRun = clock.advance(0);
  await vi.waitUntil(() => gate.open !== undefined);
  await engine.raise("one", "go");
  await extraRun;
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Completed", output: 3 });
});

/** Only this purge also removes instances that are not finished. */
const everything = "instances/?createdTimeFrom=2020-01-01";

test("an instance purged during its activity stays purged", async () => {
  const engine = await testEngine({
    app: {
      orchestrators: {
        *it(context) {
          return yield context.df.callActivity("purge", {});
        },
      },
      activities: { purge: async () => void (await engine.request("DELETE", everything)) },
    },
  });
  await engine.startNew("it", "one");
  expect(await engine.status("one")).toBeUndefined();
});

test("an instance purged during its turn stays purged", async () => {
  const clock = testClock();
  const functions = await testFunctions({
    orchestrators: {
      *it(context) {
        yield context.df.createTimer(later(context, hours(1)));
      },
    },
  });
  const engine = await testEngine({
    clock,
    functions: {
      ...functions,
      async invokeOrchestrator(...call) {
        await engine.request("DELETE", everything);
        return functions.invokeOrchestrator(...call);
      },
    },
  });
  await engine.startNew("it", "one");
  expect(await engine.status("one")).toBeUndefined();
  await clock.advance(hours(2));
  expect(await engine.status("one")).toBeUndefined();
});

test("the log has a line for the start of an orchestration, and one for how it ended", async () => {
  const good = await run(function* (context) {
    yield context.df.createTimer(later(context, 0));
  });
  await good.clock.advance(0);
  const bad = await run(
    // oxlint-disable-next-line require-yield -- it fails before it could
    function* () {
      throw new Error("no luck");
    },
    {},
    { clock: good.clock },
  );
  const lines = (engine: TestEngine) =>
    engine.log.filter(({ level }) => level !== "debug").map((e) => `${e.level}: ${e.message}`);
  expect(lines(good)).toEqual(["information: it started", "information: it finished: Completed"]);
  expect(lines(bad)).toEqual([
    "information: it started",
    "error: Orchestrator function 'it' failed: no luck",
  ]);
});

test("a task hub with a different version is rejected with a fix", async () => {
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

/** Ten times the usual duration (ms). */
const quick = seconds(5);

/** CPU time of this process (ms): unlike elapsed time, it excludes other work of the machine. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

test("fourteen days of polling every three hours take little time", async () => {
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
  const begun = cpuTime();
  await engine.clock.advance(days(14));
  expect(cpuTime() - begun).toBeLessThan(quick);
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Completed", output: "done" });
  expect(reads).toBe(14 * 8);
});

test("a thousand pending instances start and wake in little time", async () => {
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
  const begun = cpuTime();
  for (let n = 0; n < 1000; n++) await engine.startNew("it", `i-${n}`);
  await engine.clock.advance(hours(1));
  expect(cpuTime() - begun).toBeLessThan(quick);
  const done = await engine.request("GET", "instances/?runtimeStatus=Completed&top=2000");
  expect(JSON.parse(done.body)).toHaveLength(1000);
});

test("a history of more than a thousand events grows in little time", async () => {
  const begun = cpuTime();
  const engine = await run(
    function* (context) {
      for (let n = 0; n < 250; n++) yield context.df.callActivity("echo", { n });
      return "done";
    },
    { echo: (input) => input },
    { file: testHubFile() },
  );
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Completed" });
  expect(cpuTime() - begun).toBeLessThan(quick);
});
