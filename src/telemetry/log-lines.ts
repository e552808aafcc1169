/**
 * The structured log lines: each is one line of JSON whose first property is `event`. A type ending in `?` can be null.
 * No column contains a secret, a URL, or the name of a container, share, blob or file. Names and meanings are
 * append-only, because queries and alerts use them (README.md).
 */
export const logLines = {
  /** A request or an event has started a copy. */
  "ferry.copy.accepted": {
    instanceId: "string",
    traceId: "string?",
    trigger: "string", // "request" or "event"
    route: "string?",
    sourceAccount: "string", // for a source outside Storage, its host
    sourceService: "string", // "blob", "file" or "external"
    destinationAccount: "string",
    destinationService: "string", // "blob" or "file"
  },
  /** A copy has ended and its outcome is recorded. */
  "ferry.copy.ended": {
    instanceId: "string",
    traceId: "string?",
    again: "bool", // an earlier execution had recorded the outcome, so the line may be a repetition
    outcome: "string", // "succeeded", "skipped", "failed" or "aborted"
    cause: "string?",
    storageStatus: "long?", // Storage's refusal, if it caused the failure; 0 without a response
    storageCode: "string?",
    trigger: "string?", // null in copies of older releases
    route: "string?",
    sourceAccount: "string",
    sourceService: "string",
    destinationAccount: "string",
    destinationService: "string",
    bytes: "long?", // as last reported by Storage
    createdAt: "datetime?",
    startedAt: "datetime?", // when Storage responded to the start
    completedAt: "datetime",
    settledAt: "datetime",
    seconds: "real?", // from createdAt to completedAt
    copySeconds: "real?", // from startedAt to completedAt
    lagSeconds: "real?", // from Storage's completion time (whole seconds) to settledAt; null if it reported none
    eventLagSeconds: "real?", // from the event's time to completedAt; null if no event caused the copy
    reads: "long",
    activities: "long?", // called by the orchestration so far, including this one; notifications follow
    timers: "long?",
    abortRequested: "bool",
    residues: "long", // how many things could not be cleaned up
    recorded: "bool", // false: the ledger did not respond for nine hours, so only the orchestration has the outcome
  },
  /** The watchdog intervened for a copy. */
  "ferry.copy.stuck": {
    instanceId: "string",
    traceId: "string?",
    action: "string", // "woken", "repaired" or "released"
    overdueSeconds: "real?", // since its planned poll; only for "woken"
    route: "string?",
    sourceAccount: "string",
    destinationAccount: "string",
  },
  /** A request has started a job, or resumed it after a pause or a dry run. */
  "ferry.job.accepted": {
    instanceId: "string",
    traceId: "string?",
    generation: "long", // counts the orchestrations of the job
    dryRun: "bool",
    sourceAccount: "string",
    destinationAccount: "string",
  },
  /** A job has ended. */
  "ferry.job.ended": {
    instanceId: "string",
    traceId: "string?",
    outcome: "string", // "succeeded", "failed", "aborted" or "planned"
    cause: "string?",
    sourceAccount: "string",
    destinationAccount: "string",
    planned: "long", // objects
    copied: "long",
    skipped: "long",
    failed: "long",
    bytes: "long", // of the copied objects
    pages: "long",
    throttled: "long", // calls that Storage did not serve because it was busy
    createdAt: "datetime",
    completedAt: "datetime",
    seconds: "real", // from createdAt to completedAt
  },
  /** Storage responded with 429 or 503. */
  "ferry.storage.throttled": {
    instanceId: "string?", // null if the call was not made for one copy
    traceId: "string?",
    function: "string?",
    purpose: "string", // "copy" or "ledger"
    account: "string",
    service: "string", // "blob" or "file"
    method: "string",
    status: "long",
    code: "string?",
    retryAfterSeconds: "real?",
  },
  /** A notification target did not accept a notification; it will be sent again. */
  "ferry.notification.refused": {
    instanceId: "string",
    traceId: "string?",
    targets: "dynamic", // array of "topic" and "webhook"
    waitedSeconds: "real", // since the outcome
  },
  /** The watchdog found a copy without its notification. */
  "ferry.notification.resent": {
    instanceId: "string",
    traceId: "string?",
    action: "string", // "repaired" or "failed": Durable did not respond
    waitedSeconds: "real",
  },
  /** Ferry gave up on a notification. */
  "ferry.notification.dropped": {
    instanceId: "string?",
    traceId: "string?",
    reason: "string", // "refused-for-a-day" or "unreadable"
    waitedSeconds: "real?",
  },
  /** An event can never cause its copy. */
  "ferry.event.unusable": {
    traceId: "string?",
    trigger: "string", // "event-grid" or "queue"
    route: "string?",
  },
  /** An event could not be handled now; it is delivered again, or becomes a poison message. */
  "ferry.event.failed": {
    traceId: "string?",
    trigger: "string",
    messageId: "string?", // the event's `id`, which replaces the message's in the trigger's metadata; only of the queue
    tries: "long?", // of the queue
    poisoned: "bool", // the host moves the message to the poison queue
  },
  /** The watchdog has finished a run. */
  "ferry.watchdog.ran": {
    locks: "long",
    stuck: "long",
    failed: "long", // locks whose copies could not be checked
    complete: "bool", // false: the scan continues at the next run
    outbox: "long", // waiting notifications, at most 100
    outboxOldestSeconds: "real?",
    seconds: "real",
  },
} as const satisfies Record<string, Record<string, ColumnType>>;

export type LogLevel = "info" | "warn" | "error";

export const logLevels = {
  "ferry.copy.accepted": "info",
  "ferry.copy.ended": "info",
  "ferry.copy.stuck": "warn",
  "ferry.job.accepted": "info",
  "ferry.job.ended": "info",
  "ferry.storage.throttled": "warn",
  "ferry.notification.refused": "warn",
  "ferry.notification.resent": "warn",
  "ferry.notification.dropped": "error",
  "ferry.event.unusable": "error",
  "ferry.event.failed": "error",
  "ferry.watchdog.ran": "info",
} as const satisfies Record<LogEvent, LogLevel>;

export type ColumnType = `${keyof ColumnTypes}${"" | "?"}`;

/** The types of Kusto, and those of the JSON. */
type ColumnTypes = {
  string: string;
  long: number;
  real: number;
  bool: boolean;
  datetime: string;
  dynamic: readonly string[];
};

type Value<Type extends ColumnType> = Type extends `${infer Base extends keyof ColumnTypes}?`
  ? ColumnTypes[Base] | null
  : Type extends keyof ColumnTypes
    ? ColumnTypes[Type]
    : never;

export type LogEvent = keyof typeof logLines;

/** The columns of a line, without `event`. */
export type LogColumns<Event extends LogEvent> = {
  [
    Column in keyof (typeof logLines)[Event]
  ]: (typeof logLines)[Event][Column] extends infer Type extends ColumnType ? Value<Type> : never;
};

/** Builds the line: JSON, with `event` first and then the columns in the order of the table. */
export function buildLogLine<Event extends LogEvent>(
  event: Event,
  columns: LogColumns<Event>,
): string {
  const names = Object.keys(logLines[event]) as (keyof LogColumns<Event>)[];
  return JSON.stringify({
    event,
    ...Object.fromEntries(names.map((name) => [name, columns[name]])),
  });
}
