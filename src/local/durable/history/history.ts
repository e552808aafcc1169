/**
 * History events in the JSON shape of the Durable Task Framework (src/DurableTask.Core/History):
 * PascalCase, a numeric `EventType`, and -1 as the id of events that schedule no task. Instants are ISO 8601 text.
 * Inputs and results are JSON text.
 */
export type HistoryEvent =
  | ExecutionStarted
  | ExecutionCompleted
  | ExecutionTerminated
  | ExecutionSuspended
  | ExecutionResumed
  | TaskScheduled
  | TaskCompleted
  | TaskFailed
  | TimerCreated
  | TimerFired
  | OrchestratorStarted
  | OrchestratorCompleted
  | EventRaised;

type EventBase = { EventId: number; IsPlayed: boolean; Timestamp: string };

export type ExecutionStarted = EventBase & {
  EventType: 0;
  OrchestrationInstance: { InstanceId: string; ExecutionId: string };
  ParentInstance: null;
  Name: string;
  Version: null;
  Input: string | null;
  Tags: null;
  Correlation: null;
  ParentTraceContext: null;
  ScheduledStartTime: null;
  /** Counts the starts of an instance id from 0; null after `continueAsNew`. */
  Generation: number | null;
  GenerateNewTrace: false;
};
export type ExecutionCompleted = EventBase & {
  EventType: 1;
  OrchestrationStatus: number;
  Result: string | null;
  FailureDetails: null;
};
export type ExecutionTerminated = EventBase & { EventType: 3; Input: string };
export type ExecutionSuspended = EventBase & { EventType: 19; Reason: string | null };
export type ExecutionResumed = EventBase & { EventType: 20; Reason: string | null };
export type TaskScheduled = EventBase & {
  EventType: 4;
  Name: string;
  Version: string;
  /** Stored only with `storeInputsInOrchestrationHistory`. */
  Input: null;
  ParentTraceContext: null;
  Tags: null;
};
export type TaskCompleted = EventBase & {
  EventType: 5;
  TaskScheduledId: number;
  Result: string | null;
};
export type TaskFailed = EventBase & {
  EventType: 6;
  TaskScheduledId: number;
  Reason: string;
  Details: string;
  FailureDetails: null;
};
export type TimerCreated = EventBase & { EventType: 10; FireAt: string };
export type TimerFired = EventBase & { EventType: 11; TimerId: number; FireAt: string };
export type OrchestratorStarted = EventBase & { EventType: 12 };
export type OrchestratorCompleted = EventBase & { EventType: 13 };
export type EventRaised = EventBase & {
  EventType: 15;
  Name: string;
  Input: string;
  ParentTraceContext: null;
};

/** `EventType` numbers by name, as in EventType.cs. Status responses contain the names. */
export const eventTypes = {
  ExecutionStarted: 0,
  ExecutionCompleted: 1,
  ExecutionTerminated: 3,
  TaskScheduled: 4,
  TaskCompleted: 5,
  TaskFailed: 6,
  TimerCreated: 10,
  TimerFired: 11,
  OrchestratorStarted: 12,
  OrchestratorCompleted: 13,
  EventRaised: 15,
  ExecutionSuspended: 19,
  ExecutionResumed: 20,
} as const;

/** An orchestration's status. This hub never stores `Canceled` or `ContinuedAsNew`. */
export type RuntimeStatus = (typeof runtimeStatuses)[number];

export const runtimeStatuses = [
  "Pending",
  "Running",
  "Suspended",
  "Completed",
  "Failed",
  "Terminated",
] as const;

/** Numbers of OrchestrationStatus.cs, as in ExecutionCompleted. */
export const statusNumbers = { Completed: 1, Failed: 3, Terminated: 5 } as const;

/** Returns true if an instance with this status is finished. */
export function isFinal(status: RuntimeStatus): boolean {
  return status === "Completed" || status === "Failed" || status === "Terminated";
}

/** Formats an instant as in history events, without trailing zeros of the fraction; `at` in epoch ms. */
export function formatInstant(at: number): string {
  return new Date(at).toISOString().replace(/\.?0+Z$/, "Z");
}

/** Returns the fields that every event has; `at` in epoch ms. Only events that schedule a task have an `id`. */
export function eventBase(at: number, id = -1): EventBase {
  return { EventId: id, IsPlayed: false, Timestamp: formatInstant(at) };
}

/** An event with the JSON text under which the hub stores it. Triggers are joined from these texts. */
export type StoredEvent = { event: HistoryEvent; text: string };

/**
 * Creates the stored form. The executor marks the messages that it processes as played before they are stored
 * (TaskOrchestrationExecutor.cs); starts and ends of turns, and the events that a turn schedules, stay unmarked.
 */
export function createStoredEvent(event: HistoryEvent): StoredEvent {
  const stored: HistoryEvent = { ...event, IsPlayed: isMessage(event) };
  return { event: stored, text: JSON.stringify(stored) };
}

function isMessage({ EventType }: HistoryEvent): boolean {
  switch (EventType) {
    case eventTypes.ExecutionCompleted:
    case eventTypes.TaskScheduled:
    case eventTypes.TimerCreated:
    case eventTypes.OrchestratorStarted:
    case eventTypes.OrchestratorCompleted:
      return false;
    default:
      return true;
  }
}

/** Parses an event from its stored text. */
export function parseStoredEvent(text: string): StoredEvent {
  const event: HistoryEvent = JSON.parse(text); // written by `stored` above
  return { event, text };
}
