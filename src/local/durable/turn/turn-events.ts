import { randomUUID } from "node:crypto";
import {
  eventBase,
  eventTypes,
  type ExecutionCompleted,
  type ExecutionStarted,
  formatInstant,
  type HistoryEvent,
  statusNumbers,
} from "../history/history.ts";
import type { Decision } from "./task-ids.ts";

export function createDecisionEvent(decision: Decision, now: number): HistoryEvent {
  return decision.kind === "activity"
    ? {
        EventType: eventTypes.TaskScheduled,
        ...eventBase(now, decision.id),
        Name: decision.name,
        Version: "",
        Input: null,
        ParentTraceContext: null,
        Tags: null,
      }
    : {
        EventType: eventTypes.TimerCreated,
        ...eventBase(now, decision.id),
        FireAt: formatInstant(decision.fireAt),
      };
}

export function createExecutionCompleted(
  completion: { status: keyof typeof statusNumbers; output: string | null },
  id: number,
  now: number,
): ExecutionCompleted {
  return {
    EventType: eventTypes.ExecutionCompleted,
    ...eventBase(now, id),
    OrchestrationStatus: statusNumbers[completion.status],
    Result: completion.output,
    FailureDetails: null,
  };
}

export function createOrchestratorStarted(now: number): HistoryEvent {
  return { EventType: eventTypes.OrchestratorStarted, ...eventBase(now) };
}

/**
 * Creates the first event of an execution. `generation` is the number of instances that were started with this id
 * before; null after `continueAsNew`.
 */
export function createExecutionStarted(
  execution: Record<"instanceId" | "executionId" | "name", string> & {
    input: string | null;
    createdAt: number;
  },
  generation: number | null,
): ExecutionStarted {
  const { instanceId, executionId, name, input, createdAt } = execution;
  return {
    EventType: eventTypes.ExecutionStarted,
    ...eventBase(createdAt),
    OrchestrationInstance: { InstanceId: instanceId, ExecutionId: executionId },
    ParentInstance: null,
    Name: name,
    Version: null,
    Input: input,
    Tags: null,
    Correlation: null,
    ParentTraceContext: null,
    ScheduledStartTime: null,
    Generation: generation,
    GenerateNewTrace: false,
  };
}

/** Returns a GUID without dashes, as the framework does. */
export function newExecutionId(): string {
  return randomUUID().replaceAll("-", "");
}
