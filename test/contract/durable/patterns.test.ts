import * as df from "durable-functions";
import { expect, test } from "vitest";
import {
  days,
  hours,
  minutes,
  type Orchestrator,
  seconds,
  testEngine,
  type TestEngineOptions,
  type Activities,
} from "../../support/host/durable-app.ts";

/** Runs one orchestrator, "it", as instance "one". Non-determinism is shown, and does not fail it. */
const run = async (
  it: Orchestrator,
  activities: Activities = {},
  options: TestEngineOptions = {},
) => {
  const engine = await testEngine({
    app: { orchestrators: { it }, activities },
    failsOnNonDeterminism: false,
    ...options,
  });
  await engine.startNew("it", "one", {});
  await engine.clock.settled();
  return engine;
};

const later = (context: df.OrchestrationContext, ms: number) =>
  new Date(context.df.currentUtcDateTime.getTime() + ms);

const echo = (input: unknown) => input;

test("a chain of activities hands each result to the next", async () => {
  const engine = await run(
    function* (context) {
      const two = yield context.df.callActivity("add", { to: 1 });
      return yield context.df.callActivity("add", { to: two });
    },
    { add: ({ to }) => to + 1 },
  );
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Completed", output: 3 });
  expect(await engine.history("one")).toMatchObject([
    { EventType: "ExecutionStarted", FunctionName: "it" },
    { EventType: "TaskCompleted", FunctionName: "add", Result: 2 },
    { EventType: "TaskCompleted", FunctionName: "add", Result: 3 },
    { EventType: "ExecutionCompleted", OrchestrationStatus: "Completed", Result: 3 },
  ]);
});

test("a fan-out waits for all its activities", async () => {
  const engine = await run(
    function* (context) {
      const calls = [1, 2, 3].map((n) => context.df.callActivity("echo", { n }));
      const results: { n: number }[] = yield context.df.Task.all(calls);
      return results.map(({ n }) => n);
    },
    { echo },
  );
  expect(await engine.status("one")).toMatchObject({ output: [1, 2, 3] });
});

test("a poll loop alternates activity and timer", async () => {
  let reads = 0;
  const engine = await run(
    function* (context) {
      while ((yield context.df.callActivity("read", {})) < 3) {
        yield context.df.createTimer(later(context, hours(1)));
      }
      return "done";
    },
    { read: () => ++reads },
  );
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Running" });
  // Timers fire up to a second early.
  await engine.clock.advance(hours(1) - seconds(1) - 1);
  expect(reads).toBe(1);
  await engine.clock.advance(1);
  expect(reads).toBe(2);
  await engine.clock.advance(hours(1));
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Completed", output: "done" });
});

test("continueAsNew replaces the history and keeps the instance", async () => {
  const engine = await run(
    function* (context) {
      const { n = 0 } = context.df.getInput() as { n?: number };
      yield context.df.createTimer(later(context, minutes(1)));
      if (n < 3) return context.df.continueAsNew({ n: n + 1 });
      return n;
    },
    {},
    { failsOnNonDeterminism: true },
  );
  await engine.clock.advance(minutes(4));
  expect(await engine.status("one")).toMatchObject({
    runtimeStatus: "Completed",
    output: 3,
    input: { n: 3 },
    createdTime: "2026-01-01T00:02:57Z", // three timers, each a second early
  });
  expect(await engine.history("one")).toHaveLength(4);
});

test("a retried activity succeeds after a failure, its ids counting timer and attempt", async () => {
  let attempts = 0;
  const engine = await run(
    function* (context) {
      const retry = new df.RetryOptions(seconds(5), 3);
      const first = yield context.df.callActivityWithRetry("flaky", retry, {});
      return [first, yield context.df.callActivity("echo", { after: true })];
    },
    {
      flaky: () => {
        if (++attempts < 2) throw new Error("not yet");
        return attempts;
      },
      echo,
    },
    { failsOnNonDeterminism: true },
  );
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Running" });
  await engine.clock.advance(seconds(5));
  expect(await engine.status("one")).toMatchObject({ output: [2, { after: true }] });
});

test("exhausted retries throw after the timer that follows the last failure", async () => {
  const engine = await run(
    function* (context) {
      try {
        yield context.df.callActivityWithRetry("bad", new df.RetryOptions(seconds(5), 2), {});
        return "unreachable";
      } catch (error) {
        return [(error as Error).message, yield context.df.callActivity("echo", { n: 1 })];
      }
    },
    {
      bad: () => {
        throw new Error("broken");
      },
      echo,
    },
    { failsOnNonDeterminism: true },
  );
  await engine.clock.advance(seconds(5));
  const { output } = await engine.status("one");
  expect(output[0]).toMatch(/^Activity function 'bad' failed: broken \n \{/);
  expect(output[1]).toEqual({ n: 1 });
});

test("two retried activities in Task.all both succeed", async () => {
  const failed = new Set<string>();
  const engine = await run(
    function* (context) {
      const retry = new df.RetryOptions(seconds(5), 3);
      return yield context.df.Task.all(
        ["a", "b"].map((name) => context.df.callActivityWithRetry("once", retry, { name })),
      );
    },
    {
      once: ({ name }) => {
        if (failed.has(name)) return name;
        failed.add(name);
        throw new Error("first time");
      },
    },
    { failsOnNonDeterminism: true },
  );
  await engine.clock.advance(seconds(5));
  expect(await engine.status("one")).toMatchObject({
    runtimeStatus: "Completed",
    output: ["a", "b"],
  });
});

const race = (cancel: boolean): Orchestrator =>
  function* (context) {
    const work = context.df.callActivity("echo", { n: 1 });
    const deadline = context.df.createTimer(later(context, hours(1)));
    const first = yield context.df.Task.any([work, deadline]);
    if (first === work && cancel) deadline.cancel();
    return yield context.df.callActivity("echo", { won: first === work });
  };

test("a race that the activity wins completes immediately when the timer is canceled", async () => {
  const engine = await run(race(true), { echo }, { failsOnNonDeterminism: true });
  expect(await engine.status("one")).toMatchObject({
    runtimeStatus: "Completed",
    output: { won: true },
  });
});

test("without the cancellation the instance stays Running until the timer fires", async () => {
  const engine = await run(race(false), { echo }, { failsOnNonDeterminism: true });
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Running", output: null });
  expect(engine.log).toContainEqual(
    expect.objectContaining({
      level: "warning",
      message: expect.stringContaining("stays Running"),
    }),
  );
  await engine.clock.advance(hours(1));
  expect(await engine.status("one")).toMatchObject({
    runtimeStatus: "Completed",
    output: { won: true },
  });
});

const retryInRace: Orchestrator = function* (context) {
  const work = context.df.callActivityWithRetry("once", new df.RetryOptions(seconds(5), 3), {});
  const deadline = context.df.createTimer(later(context, hours(1)));
  yield context.df.Task.any([work, deadline]);
  deadline.cancel();
  return yield context.df.callActivity("echo", { n: 1 });
};
const failOnce = () => {
  let calls = 0;
  return () => {
    if (++calls === 1) throw new Error("first time");
    return calls;
  };
};

test.each([false, true])(
  "a retry inside Task.any with a canceled timer is non-deterministic (failsOnNonDeterminism: %s)",
  async (failsOnNonDeterminism) => {
    const engine = await run(retryInRace, { once: failOnce(), echo }, { failsOnNonDeterminism });
    await engine.clock.advance(seconds(5));
    const { runtimeStatus, output } = await engine.status("one");
    expect(runtimeStatus).toBe("Failed");
    const text =
      "Non-Deterministic workflow detected: A previous execution of this orchestration scheduled a timer task with sequence number 2 named but the current orchestration replay instead produced a ScheduleTaskOrchestratorAction action with this sequence number. Was a change made to the orchestrator code after this instance had already started running?";
    if (!failsOnNonDeterminism) expect(output).toBe(text);
    else expect(output).toContain("Write the retries as a loop over plain activities");
  },
);

const reusedDeadline: Orchestrator = function* (context) {
  const deadline = context.df.createTimer(later(context, hours(1)));
  for (let round = 0; round < 3; round++) {
    const work = context.df.callActivity("echo", { round });
    yield context.df.Task.any([work, deadline]);
  }
  deadline.cancel();
  return "done";
};

test("a deadline reused in three races is scheduled three times, and ids diverge", async () => {
  const engine = await run(reusedDeadline, { echo });
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Running" });
  const timers = (await engine.history("one")).filter((e) => e.EventType === "TimerCreated");
  expect(timers).toHaveLength(3);
});

test("a reused task fails immediately, and the fix is named", async () => {
  const engine = await run(reusedDeadline, { echo }, { failsOnNonDeterminism: true });
  const { runtimeStatus, output } = await engine.status("one");
  expect(runtimeStatus).toBe("Failed");
  expect(output).toContain("Create new tasks for every race");
});

const eventThenContinue = (cancel: boolean): Orchestrator =>
  function* (context) {
    const event = context.df.waitForExternalEvent("go");
    const timer = context.df.createTimer(later(context, hours(1)));
    const first = yield context.df.Task.any([event, timer]);
    if (first === timer) return "timed out";
    if (cancel) timer.cancel();
    return context.df.continueAsNew({});
  };

test("an event race with a canceled timer and continueAsNew delivers the event forever", async () => {
  const engine = await run(eventThenContinue(true));
  await engine.raise("one", "go");
  const { runtimeStatus, output } = await engine.status("one");
  expect(runtimeStatus).toBe("Failed");
  expect(output).toContain("1000 times in a row");
});

test("the endless event fails in its first turn, and the fix is named", async () => {
  const engine = await run(eventThenContinue(true), {}, { failsOnNonDeterminism: true });
  await engine.raise("one", "go");
  const { runtimeStatus, output } = await engine.status("one");
  expect(runtimeStatus).toBe("Failed");
  expect(output).toContain("Loop without continueAsNew, or wait for the event alone");
});

test("without the cancellation continueAsNew waits for the timer", async () => {
  const engine = await run(eventThenContinue(false));
  await engine.raise("one", "go");
  expect(await engine.status("one")).toMatchObject({
    runtimeStatus: "Running",
    createdTime: "2026-01-01T00:00:00Z",
  });
  await engine.clock.advance(hours(1));
  // The new generation has started, and its timer runs.
  expect(await engine.status("one")).toMatchObject({
    runtimeStatus: "Running",
    createdTime: "2026-01-01T00:59:59Z",
  });
});

test("continueAsNew with an open timer fails, and the fix is named", async () => {
  const engine = await run(eventThenContinue(false), {}, { failsOnNonDeterminism: true });
  await engine.raise("one", "go");
  const { output } = await engine.status("one");
  expect(output).toContain("Cancel timers and await activities first");
});

test("two events in one batch both arrive in order across continueAsNew", async () => {
  const engine = await testEngine({
    begin: false,
    app: {
      orchestrators: {
        *it(context) {
          const { seen = [] } = context.df.getInput() as { seen?: number[] };
          const got: { n: number } = yield context.df.waitForExternalEvent("item");
          const all = [...seen, got.n];
          if (all.length < 3) return context.df.continueAsNew({ seen: all });
          return all;
        },
      },
    },
  });
  await engine.startNew("it", "one", {});
  for (const n of [1, 2, 3]) await engine.raise("one", "item", { n });
  engine.start();
  expect(await engine.status("one")).toMatchObject({
    runtimeStatus: "Completed",
    output: [1, 2, 3],
  });
});

test("an event in another letter case before continueAsNew delivers the next one twice, and the log names the mistake", async () => {
  const engine = await run(
    function* (context) {
      yield context.df.waitForExternalEvent("go");
      return context.df.continueAsNew({});
    },
    {},
    { failsOnNonDeterminism: true },
  );
  await engine.raise("one", "GO");
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Running" });
  await engine.raise("one", "go");
  expect((await engine.status("one")).output).toContain("Use one spelling of every event name");
});

test("the newest waiter of a name is served first", async () => {
  const engine = await run(
    function* (context) {
      const timer = context.df.createTimer(later(context, minutes(1)));
      yield context.df.Task.any([context.df.waitForExternalEvent("go"), timer]);
      const got = yield context.df.waitForExternalEvent("go");
      return { got, after: yield context.df.callActivity("echo", { n: 1 }) };
    },
    { echo },
    { failsOnNonDeterminism: true },
  );
  await engine.clock.advance(minutes(1));
  await engine.raise("one", "go", 7);
  expect(await engine.status("one")).toMatchObject({ output: { got: 7 } });
});

test("a deadline reused together with events only is scheduled twice, and fails with the fix", async () => {
  const engine = await run(
    function* (context) {
      const deadline = context.df.createTimer(later(context, hours(1)));
      yield context.df.Task.any([context.df.waitForExternalEvent("a"), deadline]);
      yield context.df.Task.any([context.df.waitForExternalEvent("b"), deadline]);
      return "done";
    },
    {},
    { failsOnNonDeterminism: true },
  );
  await engine.raise("one", "a");
  expect((await engine.status("one")).output).toContain("Create new tasks for every race");
});

test("of events that arrive during an activity, continueAsNew loses all but the first", async () => {
  const engine = await testEngine({
    app: {
      orchestrators: {
        *it(context) {
          const { seen = [] } = context.df.getInput() as { seen?: number[] };
          yield context.df.callActivity("raiseTwo", { first: seen.length === 0 });
          const got: { n: number } = yield context.df.waitForExternalEvent("item");
          return context.df.continueAsNew({ seen: [...seen, got.n] });
        },
      },
      activities: {
        async raiseTwo({ first }) {
          if (!first) return;
          await engine.raise("one", "item", { n: 1 });
          await engine.raise("one", "item", { n: 2 });
        },
      },
    },
  });
  await engine.startNew("it", "one", {});
  expect(await engine.status("one")).toMatchObject({
    runtimeStatus: "Running",
    input: { seen: [1] },
  });
  expect(engine.log).toContainEqual(
    expect.objectContaining({
      message: "continueAsNew loses events that the orchestrator did not await: item",
    }),
  );
});

const failing = () => {
  throw new Error("broken");
};

const allWithRetry: Orchestrator = function* (context) {
  const retry = new df.RetryOptions(seconds(5), 3);
  const calls = [
    context.df.callActivity("failing", {}),
    context.df.callActivityWithRetry("once", retry, {}),
  ];
  try {
    yield context.df.Task.all(calls);
  } catch {
    return { after: yield context.df.callActivity("echo", { n: 1 }) };
  }
  return "unreachable";
};

test("after Task.all with a retry failed fast, the next activity takes the timer's id", async () => {
  const engine = await run(allWithRetry, { failing, once: failOnce(), echo });
  await engine.clock.advance(seconds(5));
  // The retry's timer fires under the id that the library gave the activity: no result arrives.
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Completed", output: {} });
});

test.each([
  ["together with a retry", allWithRetry],
  [
    "together with a slow activity",
    function* (context) {
      const timer = context.df.createTimer(later(context, hours(1)));
      try {
        yield context.df.Task.all([context.df.callActivity("failing", {}), timer]);
      } catch {
        yield context.df.callActivity("echo", {});
      }
      return "done";
    } satisfies Orchestrator,
  ],
])("more work after Task.all failed fast %s fails, and the fix is named", async (_, it) => {
  const engine = await run(
    it,
    { failing, once: failOnce(), echo },
    { failsOnNonDeterminism: true },
  );
  const { runtimeStatus, output } = await engine.status("one");
  expect(runtimeStatus).toBe("Failed");
  expect(output).toContain("Let activities return their failures instead of throwing");
});

test("after Task.all failed fast, the next activity starts only when the slow one has ended", async () => {
  const begun: unknown[] = [];
  const engine = await run(
    function* (context) {
      const timer = context.df.createTimer(later(context, hours(1)));
      try {
        yield context.df.Task.all([context.df.callActivity("failing", {}), timer]);
      } catch {
        return yield context.df.callActivity("note", {});
      }
      return "unreachable";
    },
    { failing, note: (input) => begun.push(input) },
  );
  expect(begun).toHaveLength(0);
  await engine.clock.advance(hours(1));
  expect(begun).toHaveLength(1);
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Completed" });
});

test("Task.all with an event that failed fast never completes, and the log names the mistake", async () => {
  const it: Orchestrator = function* (context) {
    const event = context.df.waitForExternalEvent("never");
    try {
      yield context.df.Task.all([context.df.callActivity("failing", {}), event]);
    } catch {
      return "caught";
    }
    return "unreachable";
  };
  const real = await run(it, { failing });
  expect(await real.status("one")).toMatchObject({ runtimeStatus: "Running" });
  const strict = await run(it, { failing }, { failsOnNonDeterminism: true, clock: real.clock });
  expect((await strict.status("one")).output).toContain("would stay Running forever");
});

const timedOutRetry: Orchestrator = function* (context) {
  const retry = new df.RetryOptions(seconds(5), 10);
  Object.assign(retry, { retryTimeoutInMilliseconds: seconds(4) });
  try {
    return yield context.df.callActivityWithRetry("failing", retry, {});
  } catch {
    return "caught";
  }
};

test("retries ended by their timeout strand the orchestration", async () => {
  const engine = await run(timedOutRetry, { failing });
  await engine.clock.advance(days(1));
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Running" });
});

test("retries ended by their timeout fail, and the fix is named", async () => {
  const engine = await run(timedOutRetry, { failing }, { failsOnNonDeterminism: true });
  await engine.clock.advance(days(1));
  expect((await engine.status("one")).output).toContain("maxNumberOfAttempts only");
});

test.each([
  ["an empty message", () => new Error("")],
  ["a bare string", () => "text"],
])("throwing %s fails the instance with the whole exception", async (_, thrown) => {
  // eslint-disable-next-line require-yield -- it throws before it could
  const engine = await run(function* (context) {
    context.df.setCustomStatus("lost");
    throw thrown();
  });
  expect(await engine.status("one")).toMatchObject({
    runtimeStatus: "Failed",
    output: expect.stringMatching(
      /^Orchestrator function 'it' failed: One or more errors occurred. \(Result: Failure\nException: false\n\n\$OutOfProcData\$:\{/,
    ),
    customStatus: null,
  });
  const hint = expect.stringContaining("Throw an Error with a message");
  expect(engine.log).toContainEqual(expect.objectContaining({ level: "error", message: hint }));
});

test.each<[string, Orchestrator, string]>([
  [
    "an activity",
    function* (context) {
      context.df.setCustomStatus("lost");
      yield context.df.callActivity("echo", {});
      throw "text";
    },
    "Non-Deterministic workflow detected: A previous execution of this orchestration scheduled an activity task with sequence ID 0 and name 'echo' (version ''), but the current replay execution hasn't (yet?) scheduled this task. Was a change made to the orchestrator code after this instance had already started running?",
  ],
  [
    "a timer",
    function* (context) {
      context.df.setCustomStatus("lost");
      yield context.df.createTimer(context.df.currentUtcDateTime);
      throw "text";
    },
    "Non-Deterministic workflow detected: A previous execution of this orchestration scheduled a timer task with sequence number 0 but the current replay execution hasn't (yet?) scheduled this task. Was a change made to the orchestrator code after this instance had already started running?",
  ],
])("throwing a string after %s fails the instance as non-deterministic", async (_, it, output) => {
  const engine = await run(it, { echo }, { failsOnNonDeterminism: true });
  await engine.clock.advance(0);
  expect(await engine.status("one")).toMatchObject({
    runtimeStatus: "Failed",
    output,
    customStatus: null,
  });
});

test("an Error with a message fails the instance and keeps the custom status of that turn", async () => {
  const engine = await run(
    function* (context) {
      context.df.setCustomStatus("first");
      yield context.df.callActivity("echo", {});
      context.df.setCustomStatus("second");
      throw new Error("no luck");
    },
    { echo },
  );
  expect(await engine.status("one")).toMatchObject({
    runtimeStatus: "Failed",
    output: "Orchestrator function 'it' failed: no luck",
    customStatus: "second",
  });
});

test("a completed task in a new race is not noticed until the other one completes", async () => {
  const engine = await run(
    function* (context) {
      const event = context.df.waitForExternalEvent("go");
      yield event;
      const timer = context.df.createTimer(later(context, hours(1)));
      const first = yield context.df.Task.any([event, timer]);
      return first === timer;
    },
    {},
    { failsOnNonDeterminism: true },
  );
  await engine.raise("one", "go");
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Running" });
  await engine.clock.advance(hours(1));
  expect(await engine.status("one")).toMatchObject({ output: true });
});

test("a ten-day timer runs in hops of three days and never fires early", async () => {
  const engine = await run(
    function* (context) {
      yield context.df.createTimer(later(context, days(10)));
      return yield context.df.callActivity("echo", { n: 1 });
    },
    { echo },
    { failsOnNonDeterminism: true },
  );
  await engine.clock.advance(days(10) - 1);
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Running" });
  await engine.clock.advance(1);
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Completed" });
  const fired = (await engine.history("one")).filter((e) => e.EventType === "TimerFired");
  // Each hop fires a second early; the last second passes in short hops.
  expect(fired.slice(0, 5).map((e) => e.FireAt)).toEqual([
    "2026-01-04T00:00:00Z",
    "2026-01-06T23:59:59Z",
    "2026-01-09T23:59:58Z",
    "2026-01-11T00:00:00Z",
    "2026-01-11T00:00:00Z",
  ]);
});

const canceledWeek: Orchestrator = function* (context) {
  const deadline = context.df.createTimer(later(context, days(7)));
  const event = context.df.waitForExternalEvent("go");
  const first = yield context.df.Task.any([event, deadline]);
  if (first === event) deadline.cancel();
  return yield context.df.callActivity("echo", { n: 1 });
};

test("a seven-day timer canceled after its first hop fails the instance", async () => {
  const engine = await run(canceledWeek, { echo });
  await engine.clock.advance(days(4));
  await engine.raise("one", "go");
  const { runtimeStatus, output } = await engine.status("one");
  expect(runtimeStatus).toBe("Failed");
  expect(output).toContain("Non-Deterministic workflow detected");
});

test.each([1, 4])("a seven-day timer canceled on day %i fails with the fix", async (day) => {
  const engine = await run(canceledWeek, { echo }, { failsOnNonDeterminism: true });
  await engine.clock.advance(days(day));
  await engine.raise("one", "go");
  const { runtimeStatus, output } = await engine.status("one");
  expect(runtimeStatus).toBe("Failed");
  expect(output).toContain("Create timers of at most six days");
});

const twoSixDayTimers = (activityBetween: boolean): Orchestrator =>
  function* (context) {
    const deadline = context.df.createTimer(later(context, days(6)));
    const event = context.df.waitForExternalEvent("go");
    yield context.df.Task.any([event, deadline]);
    deadline.cancel();
    if (activityBetween) yield context.df.callActivity("echo", {});
    yield context.df.createTimer(later(context, days(6)));
    return context.df.currentUtcDateTime;
  };

test("a timer of exactly six days is one timer and may be canceled", async () => {
  const engine = await run(twoSixDayTimers(true), { echo }, { failsOnNonDeterminism: true });
  await engine.clock.advance(days(5));
  await engine.raise("one", "go");
  // The canceled timer still fires on day six, without effect.
  await engine.clock.advance(days(6));
  expect(await engine.status("one")).toMatchObject({
    runtimeStatus: "Completed",
    output: "2026-01-11T23:59:59.000Z", // a second early
  });
  const fired = (await engine.history("one")).filter((e) => e.EventType === "TimerFired");
  expect(fired).toHaveLength(2);
});

test("a timer right after a canceled one counts from before the race, and may fire immediately", async () => {
  const engine = await run(twoSixDayTimers(false));
  await engine.clock.advance(days(5));
  await engine.raise("one", "go");
  await engine.clock.advance(days(6));
  expect(await engine.status("one")).toMatchObject({ output: "2026-01-06T00:00:00.000Z" });
});

test("a timer that would fire before it is due fails, and the fix is named", async () => {
  const engine = await run(twoSixDayTimers(false), {}, { failsOnNonDeterminism: true });
  await engine.clock.advance(days(5));
  await engine.raise("one", "go");
  const { runtimeStatus, output } = await engine.status("one");
  expect(runtimeStatus).toBe("Failed");
  expect(output).toContain("Await an activity after every race");
});
