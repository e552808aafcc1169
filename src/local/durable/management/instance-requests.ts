import { randomUUID } from "node:crypto";
import type { Clock } from "../../clock.ts";
import { eventTypes, isFinal, eventBase } from "../history/history.ts";
import type { Instance } from "../hub/hub-instances.ts";
import type { TaskHub } from "../hub/task-hub.ts";
import { createExecutionStarted, newExecutionId } from "../turn/take-turn.ts";

/** Starts an instance. If an unfinished instance has this id, returns that one; a finished one is overwritten. */
export function startInstance(
  hub: TaskHub,
  clock: Clock,
  { instanceId, name, input }: { instanceId: string; name: string; input: string | null },
): { started: true } | { started: false; existing: Instance } {
  return hub.commit("client request", () => {
    const existing = hub.instance(instanceId);
    if (existing !== undefined && !isFinal(existing.status)) return { started: false, existing };
    if (existing !== undefined) {
      hub.deleteExecution(existing.executionId);
      hub.dropMessages(instanceId, Number.MAX_SAFE_INTEGER);
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
    hub.send(instanceId, executionId, createExecutionStarted({ ...instance, stored: [] }));
    return { started: true };
  });
}

/** The result of sending a message to an instance. */
export type Delivery = "accepted" | "no such instance" | "already finished";

/** Raises an external event; `input` is JSON text. */
export function raiseEvent(
  hub: TaskHub,
  clock: Clock,
  { instanceId, name, input }: { instanceId: string; name: string; input: string },
): Delivery {
  return deliver(hub, instanceId, () => {
    const event = { EventType: eventTypes.EventRaised, ...eventBase(clock.now()) };
    hub.send(instanceId, null, { ...event, Name: name, Input: input });
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

function deliver(hub: TaskHub, instanceId: string, send: () => void): Delivery {
  const current = hub.instance(instanceId);
  if (current === undefined) return "no such instance";
  if (isFinal(current.status)) return "already finished";
  hub.commit("client request", send);
  return "accepted";
}

/** Removes instances with their history and work, including running ones. Returns their number. */
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

const maxIdLength = 256;

/** Returns why an instance id is invalid (DurableClient.StartNewAsync); null if it is valid. */
export function checkInstanceId(instanceId: string): string | null {
  if (instanceId.startsWith("@")) return "Orchestration instance IDs must not start with @.";
  // oxlint-disable-next-line no-control-regex -- control characters are rejected here
  if (/[/\\#?\u0000-\u001f\u007f-\u009f]/.test(instanceId)) {
    return "Orchestration instance IDs must not contain /, \\, #, ?, or control characters.";
  }
  if (instanceId.length <= maxIdLength) return null;
  return `Instance ID lengths must not exceed ${maxIdLength} characters.`;
}
