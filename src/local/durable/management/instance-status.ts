import { eventTypes, type HistoryEvent, type StoredEvent } from "../history/history.ts";
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
  if (!parts.history) return status;
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
 * Converts history events for status responses (ConvertOrchestrationStatus in DurableClient.cs): ids and the starts and
 * ends of turns are removed, the scheduling of an activity is merged into its completion, and the numbers of types and
 * statuses become names.
 */
function shapeHistory(events: readonly HistoryEvent[], parts: StatusParts): object[] {
  const scheduled = new Map<number, HistoryEvent & { EventType: 4 }>();
  const shapes: object[] = [];
  for (const event of events) {
    if (event.EventType === eventTypes.TaskScheduled) scheduled.set(event.EventId, event);
    else if (!isTurnBoundary(event)) shapes.push(shapeEvent(event, scheduled, parts));
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
  parts: StatusParts,
): object {
  const common = { EventType: typeNames.get(event.EventType), Timestamp: event.Timestamp };
  switch (event.EventType) {
    case eventTypes.ExecutionStarted: {
      const input = parts.input ? { Input: parseJsonOrText(event.Input) } : {};
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
          : shapeResult(event.Result, parts);
      return { ...common, ...outcome, ...origin };
    }
    case eventTypes.ExecutionCompleted:
      return {
        ...common,
        OrchestrationStatus: statusNames[event.OrchestrationStatus],
        ...shapeResult(event.Result, parts),
      };
    case eventTypes.TimerCreated:
    case eventTypes.TimerFired:
      return { ...common, FireAt: event.FireAt };
    case eventTypes.EventRaised: {
      const input = parts.input ? { Input: parseJsonOrText(event.Input) } : {};
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

function shapeResult(result: string | null, parts: StatusParts): object {
  return parts.historyOutput ? { Result: parseJsonOrText(result) } : {};
}
