import { eventTypes, type HistoryEvent, type StoredEvent } from "../history/history.ts";
import type { Instance } from "../hub/hub-instances.ts";

export type Shown = { history: boolean; historyOutput: boolean; input: boolean };

/** The status JSON of an instance (HttpApiHandler.ConvertFrom); `history` holds its events. */
export function statusOf(
  instance: Instance,
  history: readonly StoredEvent[],
  shown: Shown,
): object {
  const status = {
    name: instance.name,
    instanceId: instance.instanceId,
    runtimeStatus: instance.status,
    input: shown.input ? parsed(instance.input) : null,
    customStatus: parsed(instance.customStatus),
    output: parsed(instance.output),
    createdTime: toSeconds(instance.createdAt),
    lastUpdatedTime: toSeconds(instance.updatedAt),
  };
  if (!shown.history) return status;
  return {
    ...status,
    historyEvents: shaped(
      history.map(({ event }) => event),
      shown,
    ),
  };
}

/** JSON where it is JSON; failure texts and termination reasons are plain text and stay it. */
function parsed(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** `yyyy-MM-ddTHH:mm:ssZ`, as the extension writes both times. */
function toSeconds(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

const namesOfTypes = new Map<number, string>(
  Object.entries(eventTypes).map(([name, number]) => [number, name]),
);

const namesOfStatuses: Readonly<Record<number, string>> = {
  1: "Completed",
  3: "Failed",
  5: "Terminated",
};

/**
 * History for people (ConvertOrchestrationStatus in DurableClient.cs): turn marks go, the scheduling
 * of an activity merges into its completion, ids go, type and status numbers become names.
 */
function shaped(events: readonly HistoryEvent[], shown: Shown): object[] {
  const scheduled = new Map<number, HistoryEvent & { EventType: 4 }>();
  const shapes: object[] = [];
  for (const event of events) {
    if (event.EventType === eventTypes.TaskScheduled) scheduled.set(event.EventId, event);
    else if (!isTurnMark(event)) shapes.push(shapeOf(event, scheduled, shown));
  }
  return shapes;
}

function isTurnMark({ EventType }: HistoryEvent): boolean {
  return (
    EventType === eventTypes.OrchestratorStarted || EventType === eventTypes.OrchestratorCompleted
  );
}

function shapeOf(
  event: HistoryEvent,
  scheduled: ReadonlyMap<number, HistoryEvent & { EventType: 4 }>,
  shown: Shown,
): object {
  const common = { EventType: namesOfTypes.get(event.EventType), Timestamp: event.Timestamp };
  switch (event.EventType) {
    case eventTypes.ExecutionStarted: {
      const input = shown.input ? { Input: parsed(event.Input) } : {};
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
          : resultOf(event.Result, shown);
      return { ...common, ...outcome, ...origin };
    }
    case eventTypes.ExecutionCompleted:
      return {
        ...common,
        OrchestrationStatus: namesOfStatuses[event.OrchestrationStatus],
        ...resultOf(event.Result, shown),
      };
    case eventTypes.TimerCreated:
    case eventTypes.TimerFired:
      return { ...common, FireAt: event.FireAt };
    case eventTypes.EventRaised: {
      const input = shown.input ? { Input: parsed(event.Input) } : {};
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

function resultOf(result: string | null, shown: Shown): object {
  return shown.historyOutput ? { Result: parsed(result) } : {};
}
