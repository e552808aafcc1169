import type { Mutant } from "../mutant.ts";

const lines = "test/e2e/telemetry/log-lines.test.ts";
const traces = "test/e2e/telemetry/trace.test.ts";
const contexts = "test/unit/telemetry/trace-context.test.ts";
const spans = "test/e2e/telemetry/spans.test.ts";
const queue = "test/e2e/events/event-queue.test.ts";
const settings = "test/unit/settings/settings.test.ts";

const scope = "src/telemetry/scope.ts";
const trigger = "src/local/host/triggers/queue-trigger.ts";

/** Mistakes in log lines, traces, and events from a queue. */
export const operateMutants: readonly Mutant[] = [
  {
    breaks: "a line that is logged again is not marked",
    file: "src/activities/settle.ts",
    find: 'return { kind: "settled", outcome: current.outcome, again: true };',
    replace: 'return { kind: "settled", outcome: current.outcome, again: false };',
    suites: [lines],
  },
  {
    breaks: "a copy whose outcome the ledger did not record has no line",
    file: "src/orchestrations/finish.ts",
    find: "context.log(buildLogLine(",
    replace: "void (buildLogLine(",
    suites: [lines],
  },
  {
    breaks: "orchestrators log on replay",
    file: "src/orchestrations/copy-context.ts",
    find: "if (!context.df.isReplaying) context.log(line);",
    replace: "if (line !== String(context.df.isReplaying)) context.log(line);",
    suites: [lines],
  },
  {
    breaks: "thrown responses are not counted as throttling",
    file: "src/storage/pipeline.ts",
    find: "call?.end(error instanceof RestError ? toResponse(error.response) : null);",
    replace: "call?.end(error instanceof RestError ? null : null);",
    suites: [lines],
  },
  {
    breaks: "a 429 is not counted as throttling",
    file: scope,
    find: "response?.status === 429 || response?.status === 503",
    replace: "response?.status === 503",
    suites: [lines],
  },
  {
    breaks: "the time of an event is not in the line",
    file: "src/copy/contract/activities.ts",
    find: "...(event === undefined ? {} : { eventAt: event.at }),",
    replace: "...(event === undefined ? {} : {}),",
    suites: [lines],
  },
  {
    breaks: "activities have no trace",
    file: "src/copy/contract/activities.ts",
    find: "...(trace === undefined ? {} : { trace }),",
    replace: "...(trace === undefined ? {} : {}),",
    suites: [traces],
  },
  {
    breaks: "the trace is not in the copy's input",
    file: "src/instances/start-instance.ts",
    find: "...(trace === null ? {} : { trace }),",
    replace: "...(trace === null ? {} : {}),",
    suites: [traces],
  },
  {
    breaks: "all calls of an invocation have one span",
    file: scope,
    find: "if (spanId !== trace.getSpanContext(base)?.spanId) {",
    replace: "if (base !== ROOT_CONTEXT) {",
    suites: [traces],
  },
  {
    breaks: "a trace id of zeros is accepted",
    file: "src/telemetry/trace-context.ts",
    find: "if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;",
    replace: "if (/^0+$/.test(spanId)) return null;",
    suites: [contexts],
  },
  {
    breaks: "a traceparent of version 00 may have more fields",
    file: "src/telemetry/trace-context.ts",
    find: 'version === undefined || (version === "00" && more !== undefined)',
    replace: 'version === undefined || (version === "ff" && more !== undefined)',
    suites: [traces],
  },
  {
    breaks: "the notification has no trace",
    file: "src/notifications/notifications.ts",
    find: "...(copy.trace === undefined ? {} : { traceparent: copy.trace }),",
    replace: "...(copy.trace === undefined ? {} : {}),",
    suites: [traces],
  },
  {
    breaks: "spans of activities are not in the caller's trace",
    file: scope,
    find: "parent === null ? context.active() : trace.setSpanContext(ROOT_CONTEXT, toOtel(parent));",
    replace:
      "parent === null ? context.active() : trace.deleteSpan(trace.setSpanContext(ROOT_CONTEXT, toOtel(parent)));",
    suites: [spans],
  },
  {
    breaks: "a message becomes a poison message one try earlier than the log says",
    file: trigger,
    find: "if (message.dequeueCount >= queues.maxDequeueCount) return await giveUp(received, tries);",
    replace:
      "if (message.dequeueCount + 1 >= queues.maxDequeueCount) return await giveUp(received, tries);",
    suites: [queue],
  },
  {
    breaks: "a failed message appears again immediately",
    file: trigger,
    find: "await queue.hide(received, queues.visibilityTimeoutMs / second);",
    replace: "await queue.hide(received, queues.visibilityTimeoutMs * 0);",
    suites: [queue],
  },
  {
    breaks: "a message that is not base64 is handled",
    file: trigger,
    find: 'if (bytes.toString("base64") !== text) return null;',
    replace: 'if (bytes.toString("base64") === "") return null;',
    suites: [queue],
  },
  {
    breaks: "the log never says that a message becomes a poison message",
    file: "src/triggers/events/delivery.ts",
    find: "poisoned: tries >= maxTries,",
    replace: "poisoned: tries > maxTries,",
    suites: [queue],
  },
  {
    breaks: "the event queue may be one of the task hub",
    file: "src/settings/event-queue.ts",
    find: "queueName.startsWith(`${hub}-`) && hubQueue.test(queueName.slice(hub.length))",
    replace: "queueName.startsWith(`${hub}-`) && hubQueue.test(queueName)",
    suites: [settings],
  },
  {
    breaks: "the event queue may have no room for its poison queue's name",
    file: "src/settings/event-queue.ts",
    find: "(?=.{3,56}$)",
    replace: "(?=.{3,63}$)",
    suites: [settings],
  },
];
