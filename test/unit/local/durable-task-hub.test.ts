import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { createHistoryCache } from "../../../src/local/durable/history/history-cache.ts";
import {
  eventTypes,
  type HistoryEvent,
  eventBase,
  createStoredEvent,
} from "../../../src/local/durable/history/history.ts";
import { openTaskHub } from "../../../src/local/durable/hub/task-hub.ts";
import { minutes, testEngine, testHubFile, testStart } from "../../support/host/durable-app.ts";

const event = (n: number): HistoryEvent => ({
  EventType: eventTypes.EventRaised,
  ...eventBase(testStart),
  Name: "go",
  Input: `${n}`,
  ParentTraceContext: null,
});

const clock = { now: () => testStart };

const inputs = (events: readonly { event: HistoryEvent }[]) =>
  events.map(({ event: each }) => ("Input" in each ? each.Input : null));

test("a commit that fails half-way leaves nothing, in the file or in memory", () => {
  const hub = openTaskHub({ file: ":memory:", clock });
  hub.commit("turn", () => hub.appendHistory("first", 0, [event(0)]));
  const failing = () =>
    hub.commit("turn", () => {
      hub.appendHistory("first", 1, [event(1)]);
      hub.send("one", "first", event(2));
      throw new Error("half-way");
    });
  expect(failing).toThrow("half-way");
  expect(inputs(hub.history("first"))).toEqual(["0"]);
  hub.takeMessages();
  expect(hub.messages("one")).toEqual([]);
  hub.close();
});

test("a closed hub rejects every commit", () => {
  const hub = openTaskHub({ file: ":memory:", clock });
  hub.close();
  expect(() => hub.commit("turn", () => {})).toThrow("the task hub is closed");
});

test("histories in memory are bounded, and the most recently used one is kept", () => {
  const cache = createHistoryCache();
  const long = Array.from({ length: 20_000 }, (_, n) => createStoredEvent(event(n)));
  for (const id of ["a", "b"]) cache.set(id, long);
  expect(cache.get("a")).toHaveLength(20_000);
  cache.set("c", long);
  expect(cache.get("b")).toBeUndefined();
  expect(cache.get("a")).toHaveLength(20_000);
  cache.delete("a");
  expect(cache.get("a")).toBeUndefined();
  cache.set("d", long);
  expect(cache.get("c")).toHaveLength(20_000);
});

test("the history of a completed instance does not stay in memory", () => {
  const file = testHubFile();
  const hub = openTaskHub({ file, clock });
  const instance = {
    instanceId: "one",
    name: "it",
    executionId: "first",
    createdAt: testStart,
    updatedAt: testStart,
    input: null,
    output: null,
    customStatus: null,
  };
  const other = new DatabaseSync(file);
  for (const [status, read] of [
    ["Running", ["0"]],
    ["Completed", ["1"]],
  ] as const) {
    hub.commit("turn", () => {
      if (status === "Running") hub.appendHistory("first", 0, [event(0)]);
      hub.saveInstance({ ...instance, status });
    });
    // Only a read of the file finds this.
    other.prepare("UPDATE history SET event = ?").run(createStoredEvent(event(1)).text);
    expect(inputs(hub.history("first"))).toEqual(read);
  }
  other.close();
  hub.close();
});

test("an instance that replaces a completed one leaves no row of it behind", async () => {
  const file = testHubFile();
  const engine = await testEngine({
    file,
    app: {
      orchestrators: {
        *it(context) {
          const due = new Date(context.df.currentUtcDateTime.getTime() + minutes(1));
          yield context.df.createTimer(due);
        },
      },
    },
  });
  await engine.startNew("it", "one");
  await engine.clock.settled();
  await engine.request("POST", "instances/one/terminate?reason=x");
  await engine.clock.settled();
  const hub = new DatabaseSync(file, { readOnly: true });
  const count = (table: string) => hub.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"];
  expect(count("timers")).toBe(0);
  await engine.startNew("it", "one");
  await engine.clock.advance(minutes(1));
  const executions = hub.prepare("SELECT count(DISTINCT execution_id) AS n FROM history").get();
  expect(executions?.["n"]).toBe(1);
  expect(["timers", "messages", "activities"].map(count)).toEqual([0, 0, 0]);
  hub.close();
});
