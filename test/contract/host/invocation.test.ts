import { app } from "@azure/functions";
import * as df from "durable-functions";
import { expect, test } from "vitest";
import { durableFunctions } from "../../../src/local/host/triggers/durable-triggers.ts";
import { collectApp } from "../../../src/local/host/worker/functions-core.ts";
import type { InvocationLogEntry, RunningApp } from "../../../src/local/host/worker/invocation.ts";

const startApp = async (register: () => void) => {
  const log: InvocationLogEntry[] = [];
  const collected = await collectApp(
    async () => register(),
    () => {},
  );
  const running: RunningApp = { ...collected, appHookData: {}, log: (entry) => log.push(entry) };
  return { running, durable: durableFunctions(running), log };
};

const runActivity = async (handler: (input: unknown) => unknown, input: string | null) => {
  const { durable } = await startApp(() => df.app.activity("step", { handler }));
  return durable.invokeActivity("step", { instanceId: "one", input });
};

test.each([
  ["nothing", null, undefined],
  ["an object", `{"a":[1,2]}`, { a: [1, 2] }],
  ["a number", "7.5", 7.5],
  ["text, which the action contains as JSON text", JSON.stringify(`"hi"`), "hi"],
  ["text that looks like a number", JSON.stringify(`"123"`), "123"],
  ["a boolean, formatted as by .NET", "true", "True"],
])("an activity receives %s", async (_, input, received) => {
  const seen: unknown[] = [];
  const result = await runActivity((value) => void seen.push(value), input);
  expect(result).toEqual({ ok: true, json: null });
  expect(seen).toEqual([received]);
});

test.each([
  ["text", "hi", `"hi"`],
  ["text that is JSON", `{"a":1}`, `"{\\"a\\":1}"`],
  ["a whole number", 3, "3"],
  ["a fraction", 0.5, "0.5"],
  ["a boolean", false, "false"],
  ["an object", { a: [null] }, `{"a":[null]}`],
  ["bytes, as base64", Buffer.from("hi"), `"aGk="`],
  ["nothing", undefined, null],
  ["null", null, null],
])("an activity's result is recorded as JSON text: %s", async (_, returned, json) => {
  expect(await runActivity(() => returned, null)).toEqual({ ok: true, json });
});

function holdsItself() {
  const thrown = { code: 5, self: {} };
  thrown.self = thrown;
  return thrown;
}

test.each([
  ["an error", () => new RangeError("too far"), "too far"],
  ["a text", () => "plain", "plain"],
  ["an object", () => ({ code: 5 }), `{"code":5}`],
  [
    "an object that contains itself",
    holdsItself,
    "Thrown value is not an Error, with keys: code, self",
  ],
])("a function that throws %s fails with its message", async (_, thrown, message) => {
  const result = await runActivity(() => {
    throw thrown();
  }, null);
  expect(result).toMatchObject({ ok: false, message, stack: expect.stringContaining(message) });
});

test("an orchestrator returns its actions, and a thrown error contains them after the marker", async () => {
  const { durable } = await startApp(() => {
    df.app.orchestration("greet", function* (context) {
      return yield context.df.callActivity("step", { name: "you" });
    });
    df.app.orchestration("stumble", function* (context) {
      if (context.df.instanceId === "one") throw new Error("no luck");
      yield context.df.callActivity("step");
    });
  });
  expect(durable.orchestrators()).toEqual(["greet", "stumble"]);
  expect(durable.activities()).toEqual([]);

  const trigger = (name: string) =>
    JSON.stringify({
      instanceId: "one",
      input: null,
      isReplaying: false,
      parentInstanceId: null,
      upperSchemaVersion: 1,
      upperSchemaVersionNew: 2,
      longRunningTimerIntervalDuration: "3.00:00:00",
      maximumShortTimerDuration: "6.00:00:00",
      history: [
        { EventType: 12, EventId: -1, IsPlayed: false, Timestamp: "2026-01-01T00:00:00Z" },
        {
          EventType: 0,
          EventId: -1,
          IsPlayed: false,
          Timestamp: "2026-01-01T00:00:00Z",
          Name: name,
        },
      ],
    });
  const greeted = await durable.invokeOrchestrator("greet", trigger("greet"));
  expect(greeted.ok && JSON.parse(greeted.json ?? "")).toMatchObject({
    isDone: false,
    actions: [[{ actionType: 0, functionName: "step", input: { name: "you" } }]],
  });
  const stumbled = await durable.invokeOrchestrator("stumble", trigger("stumble"));
  expect(stumbled).toMatchObject({
    ok: false,
    message: expect.stringContaining("$OutOfProcData$:"),
  });
});

test("hooks run in the order of registration and may change input, function, result and error", async () => {
  const order: string[] = [];
  const { durable, log } = await startApp(() => {
    app.hook.preInvocation((context) => {
      order.push("before 1");
      context.hookData["seen"] = context.inputs[0];
      context.inputs[0] = { from: "hook" };
    });
    app.hook.preInvocation((context) => {
      order.push("before 2");
      const original = context.functionHandler;
      context.functionHandler = async (...inputs) => [await original(...inputs), "wrapped"];
    });
    app.hook.postInvocation((context) => {
      order.push(`after ${context.invocationContext.functionName}`);
      if (context.error !== null) {
        context.error = null;
        context.result = "healed";
      } else {
        context.result = [context.result, context.hookData["seen"]];
      }
    });
    app.hook.log((context) => {
      context.message = context.message.toUpperCase();
    });
    df.app.activity("echo", {
      handler: (input: unknown, context) => {
        context.warn("in %s", "echo");
        order.push("echo");
        return input;
      },
    });
    df.app.activity("fall", {
      handler: () => {
        throw new Error("down");
      },
    });
  });
  const echoed = await durable.invokeActivity("echo", { instanceId: "one", input: `{"a":1}` });
  expect(echoed).toEqual({ ok: true, json: `[[{"from":"hook"},"wrapped"],{"a":1}]` });
  expect(order).toEqual(["before 1", "before 2", "echo", "after echo"]);
  expect(log).toContainEqual({
    functionName: "echo",
    level: "warning",
    category: "user",
    message: "IN ECHO",
  });
  const fallen = await durable.invokeActivity("fall", { instanceId: "one", input: null });
  expect(fallen).toEqual({ ok: true, json: `"healed"` });
});

test("a log line after the end causes a warning, unless a postInvocation hook wrote it", async () => {
  let late = () => {};
  const { durable, log } = await startApp(() => {
    app.hook.postInvocation(({ invocationContext }) => invocationContext.log("in the hook"));
    df.app.activity("step", { handler: (_, context) => void (late = () => context.log("late")) });
  });
  await durable.invokeActivity("step", { instanceId: "one", input: null });
  expect(log.map(({ message }) => message)).toEqual(["in the hook"]);
  late();
  expect(log.map(({ level }) => level)).toEqual(["information", "warning", "information"]);
});

test("a preInvocation hook that throws keeps the function from running", async () => {
  let ran = false;
  const { durable } = await startApp(() => {
    app.hook.preInvocation(() => {
      throw new Error("not today");
    });
    df.app.activity("step", { handler: () => void (ran = true) });
  });
  const result = await durable.invokeActivity("step", { instanceId: "one", input: null });
  expect(result).toMatchObject({ ok: false, message: "not today" });
  expect(ran).toBe(false);
});

test.each([
  ["a name that is taken, in any case", ["copy", "Copy"], `name is already used: "copy"`],
  ["a name that begins with a digit", ["1st"], `not a letter followed`],
  ["the reserved name", ["host"], `the reserved "host"`],
])("registration rejects %s", async (_, names, problem) => {
  const start = startApp(() => {
    for (const name of names) app.get(name, () => ({}));
  });
  await expect(start).rejects.toThrow(problem);
});

test("functions cannot be registered once the app has started", async () => {
  await startApp(() => app.get("first", () => ({})));
  expect(() => app.get("late", () => ({}))).toThrow(
    `Cannot register function "late" because functions can only be registered during app startup`,
  );
});

test("an app that registers nothing does not start", async () => {
  await expect(startApp(() => {})).rejects.toThrow("registered no function");
});
