import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Decision } from "../../../src/local/durable/turn/task-ids.ts";
import {
  eventTypes,
  type HistoryEvent,
  formatInstant,
  eventBase,
  createStoredEvent,
} from "../../../src/local/durable/history/history.ts";
import { createExecutionStarted } from "../../../src/local/durable/turn/turn-events.ts";
import {
  type Execution,
  takeTurn,
  type TurnOutcome,
} from "../../../src/local/durable/turn/take-turn.ts";
import {
  hours,
  seconds,
  testClock,
  testFunctions,
  testStart,
} from "../../support/host/durable-app.ts";
import { waitForCopy } from "../../support/host/durable-wait.ts";

const names = ["prepare", "start", "read", "abort"] as const;

/** Runs one instance turn by turn, with its messages in any order and any batches. */
const driveCopy = async () => {
  const clock = testClock();
  const functions = await testFunctions({
    orchestrators: { waitForCopy },
    activities: Object.fromEntries(names.map((name) => [name, () => null])),
  });
  const start = () => {
    let execution: Execution = {
      instanceId: "one",
      name: "waitForCopy",
      executionId: "first",
      input: "{}",
      createdAt: testStart,
      customStatus: null,
      stored: [],
    };
    return {
      first: [createExecutionStarted(execution, 0)],
      turn: async (arrived: readonly HistoryEvent[]): Promise<TurnOutcome> => {
        const outcome = await takeTurn(execution, arrived, {
          clock,
          functions,
          failsOnNonDeterminism: true,
          log: () => {},
        });
        const all = [...execution.stored, ...outcome.added.map(createStoredEvent)];
        execution = { ...outcome.execution, stored: all };
        return outcome;
      },
    };
  };
  return { clock, begin: start };
};

const completed = (at: number, id: number, result: unknown): HistoryEvent => ({
  EventType: eventTypes.TaskCompleted,
  ...eventBase(at),
  TaskScheduledId: id,
  Result: JSON.stringify(result),
});
const fired = (at: number, id: number, fireAt: number): HistoryEvent => ({
  EventType: eventTypes.TimerFired,
  ...eventBase(at),
  TimerId: id,
  FireAt: formatInstant(fireAt),
});
const raised = (at: number, name: string): HistoryEvent => ({
  EventType: eventTypes.EventRaised,
  ...eventBase(at),
  Name: name,
  Input: "null",
  ParentTraceContext: null,
});

/** Each step delivers some waiting messages in some order: completions, due timers, events, duplicates. */
const steps = fc.array(
  fc.record({
    event: fc.constantFrom("none", "none", "abort", "wake"),
    order: fc.nat(5),
    timerToo: fc.boolean(),
    again: fc.boolean(),
  }),
  { minLength: 4, maxLength: 14 },
);

test("the wait pattern loses no abort and no wake, and is deterministic, in any order and batch", async () => {
  const { clock, begin: start } = await driveCopy();
  let aborts = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const { first, turn } = start();
      const open = new Map<number, Decision>();
      let reads = 0;
      let abortCalls = 0;
      let abortRaised = false;
      let readsAtWake: number | null = null;
      let outcome = await turn(first);
      let last: HistoryEvent | undefined;
      const note = () => {
        for (const decision of outcome.decisions) {
          open.set(decision.id, decision);
          if (decision.kind === "activity" && decision.name === "abort") abortCalls++;
          if (decision.kind === "activity" && decision.name === "read") reads++;
        }
      };
      note();
      // After the plan, every open task completes until the copy does: none may remain.
      for (let step = 0; outcome.completion === null && step < plan.length + 12; step++) {
        const { event = "none", order = 0, timerToo = true, again = false } = plan[step] ?? {};
        const batch: HistoryEvent[] = [];
        const arrivals = [...open.values()].filter((d) => d.kind === "activity" || timerToo);
        for (const decision of arrivals) {
          open.delete(decision.id);
          if (decision.kind === "timer") {
            if (decision.fireAt > clock.now()) await clock.advance(decision.fireAt - clock.now());
            batch.push(fired(clock.now(), decision.id, decision.fireAt));
            continue;
          }
          const isLast = step >= plan.length + 4 || (abortCalls > 0 && decision.name === "read");
          const state = isLast ? (abortCalls > 0 ? "aborted" : "success") : "pending";
          batch.push(completed(clock.now(), decision.id, { state }));
        }
        if (again && last !== undefined) batch.push(last);
        if (event !== "none")
          batch.splice(order % (batch.length + 1), 0, raised(clock.now(), event));
        if (batch.length === 0) continue;
        last = batch.find(({ EventType }) => EventType === eventTypes.TaskCompleted) ?? last;
        outcome = await turn(batch);
        if (outcome.completion === null) {
          if (event === "abort") abortRaised = true;
          if (event === "wake") readsAtWake = reads;
        }
        note();
      }
      expect(outcome.completion).toMatchObject({ status: "Completed" });
      const output = JSON.parse(outcome.completion?.output ?? "null");
      expect(abortCalls).toBeLessThanOrEqual(1);
      if (abortRaised) {
        aborts++;
        expect(output).toMatchObject({ state: "aborted", abortAsked: true });
      } else if (readsAtWake !== null) {
        expect(output.state === "aborted" || output.reads > 0).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
  expect(aborts).toBeGreaterThan(20);
});

test.each([
  ["the timer first", ["timer", "abort"], "prepare,start,read,abort"],
  ["the event first", ["abort", "timer"], "prepare,start,abort,read"],
])("a timer and an abort in one batch, %s, cause one abort", async (_, order, path) => {
  const { clock, begin: start } = await driveCopy();
  const { first, turn } = start();
  const calls: string[] = [];
  const timers: (Decision & { kind: "timer" })[] = [];
  const note = ({ decisions }: TurnOutcome) => {
    for (const decision of decisions) {
      if (decision.kind === "timer") timers.push(decision);
      else calls.push(decision.name);
    }
  };
  note(await turn(first));
  note(await turn([completed(clock.now(), 0, null)]));
  note(await turn([fired(clock.now(), 1, testStart)]));
  note(await turn([completed(clock.now(), 2, null)]));
  expect(timers.at(-1)).toMatchObject({ id: 3, fireAt: testStart + hours(1) + seconds(1) });
  await clock.advance(hours(1));
  const events: Record<string, HistoryEvent> = {
    timer: fired(clock.now(), 3, clock.now()),
    abort: raised(clock.now(), "abort"),
  };
  note(await turn(order.flatMap((name) => events[name] ?? [])));
  note(await turn([completed(clock.now(), 4, { state: "pending" })]));
  expect(calls.join(",")).toBe(path);
});
