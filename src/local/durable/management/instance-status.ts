import {
  eventTypes,
  type HistoryEvent,
  type StoredEvent,
  type TaskScheduled,
} from "../history/history.ts";
import type { Instance } from "../hub/hub-instances.ts";

/** The optional parts of a status response. */
export type StatusParts = { history: boolean; historyOutput: boolean; input: boolean };

/** Builds an instance's status JSON (HttpApiHandler.ConvertFrom). `history` contains its events. */
export function buildStatus(
  instance: Instance,
  history: readonly StoredEvent[],
  parts: StatusParts,
): object {
  const status = {
    name: instance.name,
    instanceId: instance.instanceId,
    runtimeStatus: instance.status,
    input: parts.input ? parseJsonOrText(instance.input) : null,
    customStatus: parseJsonOrText(instance.customStatus),
    output: parseJsonOrText(instance.output),
    createdTime: formatSeconds(instance.createdAt),
    lastUpdatedTime: formatSeconds(instance.updatedAt),
  };
  // An instance that is pending has no history yet.
  if (!parts.history || instance.status === "Pending") return status;
  return {
    ...status,
    historyEvents: shapeHistory(
      history.map(({ event }) => event),
      parts,
    ),
  };
}

/** Parses JSON text. Other text (failures, termination reasons) is returned unchanged. */
function parseJsonOrText(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Formats a time (epoch ms) as `yyyy-MM-ddTHH:mm:ssZ`, as the extension does. */
function formatSeconds(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

const typeNames = new Map<number, string>(
  Object.entries(eventTypes).map(([name, number]) => [number, name]),
);

const statusNames: Readonly<Record<number, string>> = {
  1: "Completed",
  3: "Failed",
  5: "Terminated",
};

/**
 * Converts history events for status responses (GetDurableOrchestrationStatusAsync in DurableClient.cs): ids and the
 * starts and ends of turns are removed, the scheduling of an activity is merged into its completion, and the numbers of
 * types and statuses become names. The order of the fields is the extension's.
 */
function shapeHistory(events: readonly HistoryEvent[], parts: StatusParts): object[] {
  const scheduled = new Map<number, TaskScheduled>();
  const completed = new Set<number>();
  for (const event of events) {
    if (event.EventType === eventTypes.TaskScheduled) scheduled.set(event.EventId, event);
    else if ("TaskScheduledId" in event) completed.add(event.TaskScheduledId);
  }
  const isMerged = (event: HistoryEvent) =>
    event.EventType === eventTypes.TaskScheduled && completed.has(event.EventId);
  return events
    .filter((event) => !isTurnBoundary(event) && !isMerged(event))
    .map((event) => ({
      EventType: typeNames.get(event.EventType),
      ...shapeEvent(event, scheduled, parts),
    }));
}

function isTurnBoundary({ EventType }: HistoryEvent): boolean {
  return (
    EventType === eventTypes.OrchestratorStarted || EventType === eventTypes.OrchestratorCompleted
  );
}

function shapeEvent(
  event: HistoryEvent,
  scheduled: ReadonlyMap<number, TaskScheduled>,
  parts: StatusParts,
): object {
  const { Timestamp } = event;
  switch (event.EventType) {
    case eventTypes.ExecutionStarted: {
      const { Correlation, ParentTraceContext, ScheduledStartTime } = event;
      const { Generation, GenerateNewTrace, Name } = event;
      const trace = { Correlation, ParentTraceContext, ScheduledStartTime, Generation };
      return {
        ...shapeInput(event, parts),
        ...trace,
        GenerateNewTrace,
        Timestamp,
        FunctionName: Name,
      };
    }
    case eventTypes.TaskScheduled: {
      const { Name, ParentTraceContext, Tags } = event;
      return { Name, ...shapeInput(event, parts), ParentTraceContext, Tags, Timestamp };
    }
    case eventTypes.TaskCompleted:
      return {
        ...shapeResult(event.Result, parts),
        Timestamp,
        ...shapeOrigin(scheduled.get(event.TaskScheduledId), parts),
      };
    case eventTypes.TaskFailed: {
      const { Reason, Details, FailureDetails } = event;
      const origin = shapeOrigin(scheduled.get(event.TaskScheduledId), parts);
      return { Reason, Details, FailureDetails, Timestamp, ...origin };
    }
    case eventTypes.ExecutionCompleted:
      return {
        OrchestrationStatus: statusNames[event.OrchestrationStatus],
        ...shapeResult(event.Result, parts),
        FailureDetails: event.FailureDetails,
        Timestamp,
      };
    case eventTypes.TimerCreated:
    case eventTypes.TimerFired:
      return { FireAt: event.FireAt, Timestamp };
    case eventTypes.EventRaised: {
      const { Name, ParentTraceContext } = event;
      return { Name, ...shapeInput(event, parts), ParentTraceContext, Timestamp };
    }
    case eventTypes.ExecutionTerminated:
      return { ...shapeInput(event, parts), Timestamp };
    case eventTypes.ExecutionSuspended:
    case eventTypes.ExecutionResumed:
      return { Reason: event.Reason, Timestamp };
    case eventTypes.OrchestratorStarted:
    case eventTypes.OrchestratorCompleted:
      return { Timestamp };
  }
}

/** Inputs stay JSON text. */
function shapeInput({ Input }: { Input: string | null }, parts: StatusParts): object {
  return parts.input ? { Input } : {};
}

function shapeResult(result: string | null, parts: StatusParts): object {
  return parts.historyOutput ? { Result: parseJsonOrText(result) } : {};
}

/** A time that is parsed and written again has an offset instead of a Z. */
function shapeOrigin(task: TaskScheduled | undefined, parts: StatusParts): object {
  if (task === undefined) return {};
  return {
    ScheduledTime: task.Timestamp.replace("Z", "+00:00"),
    FunctionName: task.Name,
    ...shapeInput(task, parts),
  };
}
