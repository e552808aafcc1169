import type { DurableClient, OrchestrationRuntimeStatus } from "durable-functions";
import type { InstanceId } from "../copy/contract/ids.ts";
import type { CustomStatus } from "../copy/contract/custom-status.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import type { CopyInput } from "../copy/contract/activities.ts";
import { parseCopyInput, parseRepairInput } from "../copy/contract/strict-input.ts";
import type { CopyInstance } from "./copy-instance.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { emptyRecord, isOfOther } from "../ledger/record.ts";
import type { FoundRecord, ToRepair } from "../ledger/record.ts";
import { DurableError } from "./durable-error.ts";
import { knownStatus } from "./known-status.ts";
import { orchestrations, repairInstanceId } from "../names.ts";

/** The instance that receives the events of a copy. `isAborting`: it has received an abort. */
export type Listener = { id: string; isAborting: boolean };

/** A copy, and the instance that receives its events; null if no instance of it is running. */
export type FoundInstance = CopyInstance & {
  listener: Listener | null;
  /** The entry of a copy that a repair must take over; null if there is nothing to repair. */
  toRepair: ToRepair | null;
  /** The copy's record, null if it has none; absent if it was not read. */
  record?: FoundRecord | null;
  /** The copy has no Durable instance; only the ledger contains it. */
  isLost?: true;
};

/**
 * Finds a copy in Durable and the ledger; null if neither has it. A copy whose instance is broken (failed, terminated
 * or canceled) or was purged has not ended while it holds its lock: a repair takes it over.
 */
export async function findInstance(
  client: DurableClient,
  ledger: Ledger,
  id: InstanceId,
): Promise<FoundInstance | null> {
  const found = await readOwnInstance(client, id);
  // Read after the instance: a DELETE records an outcome before it purges the instance.
  const record = await ledger.records.read(id);
  if (record !== null && record.deletedAt !== null) return null;
  // The record decides: no request or event started an instance of something else under the same id.
  const unlessOther = (instance: CopyInstance | null) =>
    instance === null || record === null || !isOfOther(record, instance.copy) ? instance : null;
  const own = unlessOther(found);
  const isNotifying = own?.execution.kind === "running" && own.customStatus?.settled === true;
  if (own !== null && own.execution.kind !== "broken" && !isNotifying) {
    return toListening(record, own, id);
  }
  const repair =
    own !== null && record?.outcome != null
      ? null
      : unlessOther(await readRepairInstance(client, id));
  const last = own ?? repair;
  if (last !== null && record !== null && record.outcome !== null) {
    return { ...last, execution: { kind: "ended", outcome: record.outcome }, ...noListener };
  }
  if (repair !== null && repair.execution.kind !== "broken") {
    const former = own?.customStatus ?? null;
    const customStatus = repair.customStatus ?? knownStatus(former, record, repair.copy.createdAt);
    return toListening(record, { ...repair, customStatus }, repairInstanceId(id), repair);
  }
  if (last === null) return await findLost(client, ledger, id, record);
  const lock = await ledger.readLock(last.copy.destination);
  return lock?.instanceId === id ? awaitingRepair(last, record) : { ...last, ...noListener };
}

const noListener = { listener: null, toRepair: null } as const;

/** A copy with an instance that is running, suspended or completed. */
function toListening(
  record: FoundRecord | null,
  copy: CopyInstance,
  instanceId: string,
  { customStatus }: CopyInstance = copy,
): FoundInstance {
  const isAborting = customStatus?.abortRequested === true;
  const listener = { id: instanceId, isAborting };
  const { execution } = copy;
  const isSuspended = execution.kind === "running" && execution.isSuspended === true;
  if (execution.kind !== "running" || (isAborting && !isSuspended)) {
    return { ...copy, listener, toRepair: null, record };
  }
  if (!isSuspended) {
    // The abort may be recorded before the instance receives the event.
    if (record?.abortRequested !== true) return { ...copy, listener, toRepair: null, record };
    const known = knownStatus(copy.customStatus, record, copy.copy.createdAt);
    const customStatus = { ...known, nextReadAt: null };
    return { ...copy, customStatus, listener, toRepair: null, record };
  }
  const known = knownStatus(copy.customStatus, record, copy.copy.createdAt);
  const status = { ...known, nextReadAt: null, warning: suspendedWarning };
  return { ...copy, customStatus: status, listener, toRepair: null, record };
}

const suspendedWarning =
  "Its orchestration is suspended: Ferry neither polls nor settles the copy until an operator resumes it";

/** Finds a copy whose instance was purged, from the lock that the copy still holds. */
async function findLost(
  client: DurableClient,
  ledger: Ledger,
  id: InstanceId,
  record: FoundRecord | null,
): Promise<FoundInstance | null> {
  if (record === null || record.outcome !== null || record.lock === null) return null;
  const lock = await ledger.lockScan.read(record.lock);
  if (lock?.instanceId !== id) return null;
  // An instance is started before it acquires the lock: if it was started just now, Durable has it by now.
  const own = await readOwnInstance(client, id);
  if (own !== null && !isOfOther(record, own.copy)) return await findInstance(client, ledger, id);
  const lost = { id, copy: lock.copy, customStatus: null, execution: { kind: "running" } } as const;
  return { ...awaitingRepair(lost, record), isLost: true };
}

/** Reads the copy's own instance; null if Durable has none. */
export function readOwnInstance(
  client: DurableClient,
  id: InstanceId,
): Promise<CopyInstance | null> {
  const instance = { id, instanceId: id, name: orchestrations.copy };
  return readInstance(client, instance, parseCopyInput);
}

/** Reads the instance of a copy's repair; null if Durable has none. */
export function readRepairInstance(
  client: DurableClient,
  id: InstanceId,
): Promise<CopyInstance | null> {
  const instance = { id, instanceId: repairInstanceId(id), name: orchestrations.repair };
  return readInstance(client, instance, (json) => {
    const input = parseRepairInput(json);
    return input?.instanceId === id ? input.copy : null;
  });
}

async function readInstance(
  client: DurableClient,
  { id, instanceId, name }: { id: InstanceId; instanceId: string; name: string },
  readInput: (json: unknown) => CopyInput | null,
): Promise<CopyInstance | null> {
  const status = await client.getStatus(instanceId).catch((error: unknown) => {
    // The SDK throws this text for an unknown instance (3.5.0, DurableClient.getStatus).
    if (error instanceof Error && error.message.includes("replied with HTTP 404")) {
      return null;
    }
    throw new DurableError(`read copy ${id}`, { cause: error });
  });
  if (status === null || status.name.toLowerCase() !== name.toLowerCase()) return null;
  // Not a copy: a client with the task hub's key started this instance with its own input.
  const copy = readInput(status.input);
  if (copy === null) return null;
  return {
    id,
    copy,
    // Only the orchestration's status report sets it; null or "" before its first turn.
    customStatus: isObject(status.customStatus) ? (status.customStatus as CustomStatus) : null,
    execution: toExecution(status.runtimeStatus, status.output, status.lastUpdatedTime),
  };
}

function toExecution(
  runtimeStatus: `${OrchestrationRuntimeStatus}`,
  output: unknown,
  at: Date,
): CopyInstance["execution"] {
  switch (runtimeStatus) {
    case "Completed":
      // The orchestration returns only outcomes.
      return { kind: "ended", outcome: output as Outcome };
    case "Failed":
    case "Terminated":
    case "Canceled":
      return { kind: "broken", at: new Date(at).toISOString() };
    case "Suspended":
      return { kind: "running", isSuspended: true };
    default:
      return { kind: "running" };
  }
}

const repairWarning =
  "Its orchestration failed, was terminated or was purged; a repair takes the copy over within minutes";

/** Shows the copy as running, because Storage may still be copying although Ferry does not poll at the moment. */
function awaitingRepair(instance: CopyInstance, record: FoundRecord | null): FoundInstance {
  const { copy, customStatus, execution } = instance;
  const at = execution.kind === "broken" ? execution.at : copy.createdAt;
  const known = knownStatus(customStatus, record, at);
  return {
    ...instance,
    customStatus: { ...known, nextReadAt: null, warning: repairWarning },
    execution: { kind: "running" },
    listener: null,
    toRepair: record ?? emptyRecord,
    record,
  };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
