import { randomUUID } from "node:crypto";
import type { Clock } from "../../clock.ts";
import {
  eventTypes,
  isFinal,
  eventBase,
  type HistoryEvent,
  type RuntimeStatus,
} from "../history/history.ts";
import type { Instance } from "../hub/hub-instances.ts";
import type { TaskHub } from "../hub/task-hub.ts";
import { createExecutionStarted, newExecutionId } from "../turn/turn-events.ts";

/** Starts an instance. If an unfinished instance has this id, returns that one; a finished one is overwritten. */
export function startInstance(
  hub: TaskHub,
  clock: Clock,
  { instanceId, name, input }: { instanceId: string; name: string; input: string | null },
): { started: true } | { started: false; existing: Instance } {
  return hub.commit("client request", () => {
    const existing = hub.instance(instanceId);
    if (existing !== undefined && !isFinal(existing.status)) return { started: false, existing };
    let generation = 0;
    if (existing !== undefined) {
      generation = generationOf(hub.history(existing.executionId).map(({ event }) => event)) + 1;
      hub.deleteExecution(existing.executionId);
      hub.dropAllMessages(instanceId);
    }
    const createdAt = clock.now();
    const executionId = newExecutionId();
    const instance: Instance = {
      instanceId,
      name,
      executionId,
      status: "Pending",
      createdAt,
      updatedAt: createdAt,
      input,
      output: null,
      customStatus: null,
    };
    hub.saveInstance(instance);
    const event = createExecutionStarted(instance, generation);
    hub.send(instanceId, executionId, event);
    return { started: true };
  });
}

function generationOf(history: readonly HistoryEvent[]): number {
  const start = history.find((event) => event.EventType === eventTypes.ExecutionStarted);
  return start?.Generation ?? 0;
}

/** The result of sending a message to an instance. */
export type Delivery = "accepted" | "no such instance" | "already finished";

/** Raises an external event, which arrives after `delayMs`; `input` is JSON text. */
export function raiseEvent(
  hub: TaskHub,
  clock: Clock,
  event: { instanceId: string; name: string; input: string; delayMs: number },
): Delivery {
  const { instanceId, name, input, delayMs } = event;
  return deliver(hub, instanceId, () => {
    const raised = { EventType: eventTypes.EventRaised, ...eventBase(clock.now()) };
    const sent = { ...raised, Name: name, Input: input, ParentTraceContext: null };
    hub.send(instanceId, null, sent, delayMs);
  });
}

/** Terminates an instance at its next turn. */
export function terminate(
  hub: TaskHub,
  clock: Clock,
  { instanceId, reason }: { instanceId: string; reason: string },
): Delivery {
  return deliver(hub, instanceId, () => {
    const event = { EventType: eventTypes.ExecutionTerminated, ...eventBase(clock.now()) };
    hub.send(instanceId, null, { ...event, Input: reason });
  });
}

/**
 * Suspends or resumes an instance at its next turn. Returns the status of an instance whose status does not allow that.
 */
export function suspendOrResume(
  hub: TaskHub,
  clock: Clock,
  request: { instanceId: string; operation: "suspend" | "resume"; reason: string | null },
): Delivery | { refused: RuntimeStatus } {
  const { instanceId, operation, reason } = request;
  const status = hub.instance(instanceId)?.status;
  if (
    status !== undefined &&
    !isFinal(status) &&
    (status === "Suspended") !== (operation === "resume")
  ) {
    return { refused: status };
  }
  return deliver(hub, instanceId, () => {
    const EventType =
      operation === "suspend" ? eventTypes.ExecutionSuspended : eventTypes.ExecutionResumed;
    hub.send(instanceId, null, { EventType, ...eventBase(clock.now()), Reason: reason });
  });
}

function deliver(hub: TaskHub, instanceId: string, send: () => void): Delivery {
  const current = hub.instance(instanceId);
  if (current === undefined) return "no such instance";
  if (isFinal(current.status)) return "already finished";
  hub.commit("client request", send);
  return "accepted";
}

/** Removes instances with their history and work, regardless of their status. Returns their number. */
export function purge(hub: TaskHub, instances: readonly Instance[]): number {
  if (instances.length === 0) return 0;
  hub.commit("client request", () => {
    for (const instance of instances) hub.removeInstance(instance);
  });
  return instances.length;
}

/** Returns a GUID without dashes, as the extension does. */
export function newInstanceId(): string {
  return randomUUID().replaceAll("-", "");
}
