import type { DurableClient } from "durable-functions";
import { timeOfId } from "../copy/contract/ids.ts";
import type { InstanceId } from "../copy/contract/ids.ts";
import { toIso } from "../copy/time.ts";
import type { CopyRequest } from "../copy/request/copy-request.ts";
import type { CopyInput } from "../copy/contract/activities.ts";
import type { CopyInstance } from "./copy-instance.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { orchestrations } from "../names.ts";
import type { Seal } from "../secrets/seal.ts";
import { acceptedColumns } from "../telemetry/copy-lines.ts";
import { currentTraceparent, emit } from "../telemetry/scope.ts";
import { findInstance, readOwnInstance } from "./find-instance.ts";
import type { FoundInstance } from "./find-instance.ts";
import { recordFrom } from "./known-status.ts";
import { startRepair } from "./start-repair.ts";

/** A valid and allowed request with its instance id; `isNew`: no earlier call has the same claim. */
export type ClaimedCopy = { instanceId: InstanceId; isNew: boolean; input: CopyInput };

export type StartedInstance =
  | { kind: "started"; instance: CopyInstance }
  /** Another call with the same claim started it before. */
  | { kind: "existed"; instance: CopyInstance }
  /** Durable did not respond, so it may or may not have been started. */
  | { kind: "unknown" };

/** Starts a claimed copy exactly once, however often and from however many app instances it is called. */
export async function startClaimed(
  client: DurableClient,
  ledger: Ledger,
  { instanceId, isNew, input }: ClaimedCopy,
): Promise<StartedInstance> {
  const existing = isNew ? null : await findInstance(client, ledger, instanceId);
  if (existing !== null) {
    if (existing.isLost === true) await repairLost(client, existing);
    return { kind: "existed", instance: existing };
  }
  const kind = await startOrchestration(client, instanceId, input);
  if (kind === "unknown") return { kind };
  if (kind === "started") emit("ferry.copy.accepted", acceptedColumns(instanceId, input));
  const execution = { kind: "running" } as const;
  return { kind, instance: { id: instanceId, copy: input, customStatus: null, execution } };
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
): Promise<"started" | "existed" | "unknown"> {
  try {
    await client.startNew(orchestrations.copy, { instanceId, input });
    return "started";
  } catch {
    // The SDK's error only quotes the extension's response, so the instance itself is read.
    const instance = await readOwnInstance(client, instanceId).catch(() => null);
    return instance === null ? "unknown" : "existed";
  }
}
