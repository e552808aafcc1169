import { expect, test } from "vitest";
import { buildTimeline } from "../../src/instances/timeline.ts";
import type { CopyView } from "../../src/instances/copy-view.ts";

const view = {
  createdAt: "2026-11-20T12:00:00.000Z",
  startedAt: "2026-11-20T12:00:01.000Z",
  completedAt: null,
  links: { self: "/api/copies/x" },
} as CopyView; // the builder reads nothing else

const at = "2026-11-20T12:00:02.1234567Z";
const until = "2026-11-20T12:00:02.123Z";
const entry = (event: object) =>
  buildTimeline(view, { own: [event], repair: null }).entries.filter(
    ({ step }) => step !== "requested",
  );

test.each([
  [
    {
      EventType: "TaskCompleted",
      Timestamp: at,
      FunctionName: "startCopy",
      ScheduledTime: "2026-11-20T12:00:01.5000000+00:00",
    },
    { step: "start", at: "2026-11-20T12:00:01.500Z", until },
  ],
  [
    { EventType: "TaskCompleted", Timestamp: at, FunctionName: "readcopy" },
    { step: "read", at: until, until },
  ],
  [
    { EventType: "TaskScheduled", Timestamp: at, Name: "settleCopy" },
    { step: "settle", until: null },
  ],
  [
    { EventType: "TaskCompleted", Timestamp: at, FunctionName: "sendNotifications" },
    { step: "notify" },
  ],
  [
    { EventType: "TaskFailed", Timestamp: at, FunctionName: "readCopy", Details: "secret" },
    { step: "failed-step" },
  ],
  [
    { EventType: "TimerCreated", Timestamp: at, FireAt: "2026-11-20T13:00:00Z" },
    { step: "wait", until: "2026-11-20T13:00:00.000Z" },
  ],
  [
    { EventType: "EventRaised", Timestamp: at, Name: "abort", Input: "secret" },
    { step: "abort-requested" },
  ],
  [{ EventType: "EventRaised", Timestamp: at, Name: "wake" }, { step: "woken" }],
  [{ EventType: "ExecutionSuspended", Timestamp: at, Reason: "secret" }, { step: "suspended" }],
  [{ EventType: "ExecutionResumed", Timestamp: at }, { step: "resumed" }],
  [{ EventType: "ExecutionTerminated", Timestamp: at }, { step: "terminated" }],
])("the event %j of a history becomes an entry", (event, expected) => {
  const entries = entry(event);
  expect(entries).toMatchObject([expected]);
  expect(JSON.stringify(entries)).not.toContain("secret");
});

test.each([
  {},
  { EventType: "TimerFired", Timestamp: at },
  { EventType: "ExecutionStarted", Timestamp: at },
  { EventType: "TaskCompleted", Timestamp: "soon" },
  { EventType: "TaskCompleted", Timestamp: 7 },
  { EventType: "Unknown", Timestamp: at },
])("%j adds no entry", (event) => {
  expect(entry(event)).toEqual([]);
});

test("without a history, the entries are built from the dates in the ledger", () => {
  const { source, entries } = buildTimeline(view, { own: null, repair: null });
  expect(source).toBe("ledger");
  expect(entries.map(({ step }) => step)).toEqual(["requested", "start"]);
});
