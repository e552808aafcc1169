import type { DurableClient } from "durable-functions";
import { timeOfId } from "../copy/contract/ids.ts";
import type { InstanceId } from "../copy/contract/ids.ts";
import { toIso } from "../copy/time.ts";
import type { CopyRequest } from "../copy/request/copy-request.ts";
import type { CopyInput } from "../copy/contract/activities.ts";
import type { CopyInstance } from "./copy-instance.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { FoundRecord } from "../ledger/record.ts";
import { orchestrations } from "../names.ts";
import type { Seal } from "../secrets/seal.ts";
import { acceptedColumns } from "../telemetry/copy-lines.ts";
import { currentTraceparent, emit } from "../telemetry/scope.ts";
import { findInstance, readOwnInstance } from "./find-instance.ts";
import type { FoundInstance } from "./find-instance.ts";
import { recordFrom } from "./known-status.ts";
import { startRepair } from "./start-repair.ts";

export type StartedInstance =
  | { kind: "started"; instance: CopyInstance }
  /** Another call with the same claim started it in the meantime. */
  | { kind: "existed"; instance: CopyInstance }
  /** Durable did not respond, so it may or may not have been started. */
  | { kind: "unknown" };

export type EarlierCopy =
  | { kind: "existed"; instance: CopyInstance }
  /** It has ended, or was deleted, and only its record is left. */
  | { kind: "recorded"; record: FoundRecord };

/**
 * Finds the copy that an earlier call with the same claim started; null if it was never started. An id whose copy has an
 * outcome must not be started again: the copy may have been deleted since its claim was read.
 */
export async function findEarlier(
  client: DurableClient,
  ledger: Ledger,
  instanceId: InstanceId,
): Promise<EarlierCopy | null> {
  const instance = await findInstance(client, ledger, instanceId);
  if (instance !== null) {
    if (instance.isLost === true) await repairLost(client, instance);
    return { kind: "existed", instance };
  }
  // Read after the instance: a DELETE records an outcome before it purges the instance.
  const record = await ledger.records.read(instanceId);
  return record === null || record.outcome === null ? null : { kind: "recorded", record };
}

/** Starts a copy that no earlier call has started. */
export async function startInstance(
  client: DurableClient,
  instanceId: InstanceId,
  input: CopyInput,
): Promise<StartedInstance> {
  const started = await startOrchestration(client, instanceId, input);
  if (started.kind === "started") {
    emit("ferry.copy.accepted", acceptedColumns(instanceId, input));
  }
  return started;
}

/**
 * Builds the orchestration's input, with the trace of the current invocation. Each SAS is sealed so that it can be opened
 * only for this instance. The time of the request is the time in the id: start denies every other time, because a
 * client with the task hub's key could choose it.
 */
export function createCopyInput(
  { seal }: Seal,
  request: CopyRequest,
  { instanceId, notifies }: { instanceId: InstanceId; notifies: boolean },
): CopyInput {
  const { source, destination, sourceSas, destinationSas, options } = request;
  const trace = currentTraceparent();
  return {
    version: 1,
    source,
    destination,
    sourceSas:
      sourceSas && seal && seal(sourceSas, { instanceId, field: "sourceSas", endpoint: source }),
    destinationSas:
      destinationSas &&
      seal &&
      seal(destinationSas, { instanceId, field: "destinationSas", endpoint: destination }),
    options,
    createdAt: toIso(timeOfId(instanceId)),
    ...(notifies ? { notifies: true } : {}),
    ...(trace === null ? {} : { trace }),
  };
}

/**
 * Starts a repair of a copy that was started and whose instance was purged. A second start would find the first one's
 * copy and treat it as another writer's.
 */
async function repairLost(
  client: DurableClient,
  { id, copy, customStatus, toRepair }: FoundInstance,
): Promise<void> {
  if (toRepair === null || customStatus === null) return;
  const record = recordFrom(customStatus);
  await startRepair(client, { instanceId: id, entry: toRepair, copy, record });
}

/** Starts the instance. The extension rejects the id of a running instance: then another call has started it. */
async function startOrchestration(
  client: DurableClient,
  instanceId: InstanceId,
  input: CopyInput,
): Promise<StartedInstance> {
  try {
    await client.startNew(orchestrations.copy, { instanceId, input });
    const execution = { kind: "running" } as const;
    const instance = { id: instanceId, copy: input, customStatus: null, execution };
    return { kind: "started", instance };
  } catch {
    // The SDK's error only quotes the extension's response, so the instance itself is read.
    const instance = await readOwnInstance(client, instanceId).catch(() => null);
    return instance === null ? { kind: "unknown" } : { kind: "existed", instance };
  }
}
