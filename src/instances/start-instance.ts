import type { DurableClient } from "durable-functions";
import type { InstanceId } from "../copy/contract/ids.ts";
import { toIso } from "../copy/time.ts";
import type { EpochMs } from "../copy/time.ts";
import type { CopyRequest } from "../copy/request/copy-request.ts";
import type { CopyInput } from "../copy/contract/activities.ts";
import type { CopyInstance } from "./copy-instance.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { orchestrations } from "../names.ts";
import type { Seal } from "../secrets/seal.ts";
import { findInstance, ownInstance } from "./find-instance.ts";
import { recordFrom, startRepair } from "./repair-instance.ts";

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
  const existing = isNew
    ? null
    : ((await findInstance(client, ledger, instanceId)) ??
      (await repairLostInstance(client, ledger, instanceId, input)));
  if (existing !== null) return { kind: "existed", instance: existing };
  await ledger.addRecord({ instanceId, ...input });
  const kind = await startOrchestration(client, instanceId, input);
  if (kind === "unknown") return { kind };
  const execution = { kind: "running" } as const;
  return { kind, instance: { id: instanceId, copy: input, customStatus: null, execution } };
}

/** Builds the orchestration's input. Each SAS is sealed so that it can be opened only for this instance. */
export function createCopyInput(
  { seal }: Seal,
  request: CopyRequest,
  { instanceId, now, notifies }: { instanceId: InstanceId; now: EpochMs; notifies: boolean },
): CopyInput {
  const { source, destination, sourceSas, destinationSas, options } = request;
  return {
    version: 1,
    source,
    destination,
    sourceSas: sourceSas && seal && seal(sourceSas, { instanceId, field: "sourceSas" }),
    destinationSas:
      destinationSas && seal && seal(destinationSas, { instanceId, field: "destinationSas" }),
    options,
    createdAt: toIso(now),
    ...(notifies ? { notifies: true } : {}),
  };
}

/**
 * Starts a repair if the copy holds its lock although Durable has no instance of it: it was started, and its instance
 * was lost. A second start would find the first one's copy and treat it as another writer's.
 */
async function repairLostInstance(
  client: DurableClient,
  ledger: Ledger,
  instanceId: InstanceId,
  { destination }: CopyInput,
): Promise<CopyInstance | null> {
  const lock = await ledger.readLock(destination);
  if (lock?.instanceId !== instanceId || lock.copy === null) return null;
  // Read again after the lock: an instance is started before it acquires the lock, so by now Durable has it.
  const instance = await findInstance(client, ledger, instanceId);
  if (instance !== null) return instance;
  await startRepair(client, { lock, copy: lock.copy, record: recordFrom(null) });
  return { id: instanceId, copy: lock.copy, customStatus: null, execution: { kind: "running" } };
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
    const instance = await ownInstance(client, instanceId).catch(() => null);
    return instance === null ? "unknown" : "existed";
  }
}
