import { eventTypes, type HistoryEvent, type StoredEvent } from "../history/history.ts";
import type { Instance } from "../hub/hub-instances.ts";

export type StatusParts = { history: boolean; historyOutput: boolean; input: boolean };

/** The status JSON of an instance (HttpApiHandler.ConvertFrom); `history` holds its events. */
export function buildStatus(
  instance: Instance,
  history: readonly StoredEvent[],
  shown: StatusParts,
): object {
  const status = {
    name: instance.name,
    instanceId: instance.instanceId,
    runtimeStatus: instance.status,
    input: shown.input ? parseJsonOrText(instance.input) : null,
    customStatus: parseJsonOrText(instance.customStatus),
    output: parseJsonOrText(instance.output),
    createdTime: formatSeconds(instance.createdAt),
    lastUpdatedTime: formatSeconds(instance.updatedAt),
  };
  if (!shown.history) return status;
  return {
    ...status,
    historyEvents: shapeHistory(
      history.map(({ event }) => event),
      shown,
    ),
  };
}

/** JSON where it is JSON; failure texts and termination reasons are plain text and stay it. */
function parseJsonOrText(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** `yyyy-MM-ddTHH:mm:ssZ`, as the extension writes both times. */
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
 * History for people (ConvertOrchestrationStatus in DurableClient.cs): turn marks go, the scheduling
 * of an activity merges into its completion, ids go, type and status numbers become names.
 */
function shapeHistory(events: readonly HistoryEvent[], shown: StatusParts): object[] {
  const scheduled = new Map<number, HistoryEvent & { EventType: 4 }>();
  const shapes: object[] = [];
  for (const event of events) {
    if (event.EventType === eventTypes.TaskScheduled) scheduled.set(event.EventId, event);
    else if (!isTurnBoundary(event)) shapes.push(shapeEvent(event, scheduled, shown));
  }
  return shapes;
}

function isTurnBoundary({ EventType }: HistoryEvent): boolean {
  return (
    EventType === eventTypes.OrchestratorStarted || EventType === eventTypes.OrchestratorCompleted
  );
}

function shapeEvent(
  event: HistoryEvent,
  scheduled: ReadonlyMap<number, HistoryEvent & { EventType: 4 }>,
  shown: StatusParts,
): object {
  const common = { EventType: typeNames.get(event.EventType), Timestamp: event.Timestamp };
  switch (event.EventType) {
    case eventTypes.ExecutionStarted: {
      const input = shown.input ? { Input: parseJsonOrText(event.Input) } : {};
      return { ...common, FunctionName: event.Name, ...input };
    }
    case eventTypes.TaskCompleted:
    case eventTypes.TaskFailed: {
      const task = scheduled.get(event.TaskScheduledId);
      const origin =
        task === undefined ? {} : { ScheduledTime: task.Timestamp, FunctionName: task.Name };
      const outcome =
        event.EventType === eventTypes.TaskFailed
          ? { Reason: event.Reason, Details: event.Details }
          : shapeResult(event.Result, shown);
      return { ...common, ...outcome, ...origin };
    }
    case eventTypes.ExecutionCompleted:
      return {
        ...common,
        OrchestrationStatus: statusNames[event.OrchestrationStatus],
        ...shapeResult(event.Result, shown),
      };
    case eventTypes.TimerCreated:
    case eventTypes.TimerFired:
      return { ...common, FireAt: event.FireAt };
    case eventTypes.EventRaised: {
      const input = shown.input ? { Input: parseJsonOrText(event.Input) } : {};
      return { ...common, Name: event.Name, ...input };
    }
    case eventTypes.ExecutionTerminated:
      return { ...common, Input: event.Input };
    case eventTypes.TaskScheduled:
    case eventTypes.OrchestratorStarted:
    case eventTypes.OrchestratorCompleted:
      return common;
  }
}

function shapeResult(result: string | null, shown: StatusParts): object {
  return shown.historyOutput ? { Result: parseJsonOrText(result) } : {};
}
