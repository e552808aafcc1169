import type { DurableClient, OrchestrationRuntimeStatus } from "durable-functions";
import type { InstanceId } from "../copy/contract/ids.ts";
import type { CustomStatus } from "../copy/contract/custom-status.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import { upgradeCopyInput } from "../copy/contract/activities.ts";
import type { CopyInput, RepairInput } from "../copy/contract/activities.ts";
import type { CopyInstance } from "./copy-instance.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { orchestrations, repairInstanceId } from "../names.ts";

/** A copy, and the id of the instance that receives its events; null if no instance of it is running. */
export type FoundInstance = CopyInstance & { listenerId: string | null };

/**
 * Finds a copy in Durable and the ledger; null if Durable has no instance of it. A copy whose instance is broken
 * (failed, terminated or canceled) has not ended while it holds its lock: a repair takes it over.
 */
export async function findInstance(
  client: DurableClient,
  ledger: Ledger,
  id: InstanceId,
): Promise<FoundInstance | null> {
  const own = await ownInstance(client, id);
  const isNotifying = own?.execution.kind === "running" && own.customStatus?.settled === true;
  if (own !== null && own.execution.kind !== "broken" && !isNotifying)
    return { ...own, listenerId: id };
  const outcome = own === null ? null : await ledger.outcome(id);
  if (own !== null && outcome !== null) {
    return { ...own, execution: { kind: "ended", outcome }, listenerId: null };
  }
  const repair = await repairInstance(client, id);
  if (repair !== null && repair.execution.kind !== "broken") {
    return {
      ...repair,
      customStatus: repair.customStatus ?? own?.customStatus ?? null,
      listenerId: repairInstanceId(id),
    };
  }
  const broken = own ?? repair;
  if (broken === null) return null;
  const lock = await ledger.readLock(broken.copy.destination);
  return lock?.instanceId === id ? awaitingRepair(broken) : { ...broken, listenerId: null };
}

/** Reads the copy's own instance; null if Durable has none. */
export function ownInstance(client: DurableClient, id: InstanceId): Promise<CopyInstance | null> {
  return readInstance(client, { id, instanceId: id, name: orchestrations.copy }, (input) =>
    // Only this app's triggers start copyOrchestration, always with a CopyInput.
    upgradeCopyInput(input as CopyInput),
  );
}

/** Reads the instance of a copy's repair; null if Durable has none. */
export function repairInstance(
  client: DurableClient,
  id: InstanceId,
): Promise<CopyInstance | null> {
  const instance = { id, instanceId: repairInstanceId(id), name: orchestrations.repair };
  // As above, always with a RepairInput.
  return readInstance(client, instance, (input) => upgradeCopyInput((input as RepairInput).copy));
}

async function readInstance(
  client: DurableClient,
  { id, instanceId, name }: { id: InstanceId; instanceId: string; name: string },
  readInput: (input: unknown) => CopyInput,
): Promise<CopyInstance | null> {
  const status = await client.getStatus(instanceId).catch((error: unknown) => {
    // The SDK throws this text for an unknown instance (3.5.0, DurableClient.getStatus).
    if (error instanceof Error && error.message.includes("replied with HTTP 404")) {
      return null;
    }
    throw error;
  });
  if (status === null || status.name !== name) return null;
  return {
    id,
    copy: readInput(status.input),
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
    default:
      return { kind: "running" };
  }
}

/** Shows the copy as running, because Storage may still be copying although Ferry does not poll at the moment. */
function awaitingRepair(instance: CopyInstance): FoundInstance {
  const warning =
    "Its orchestration failed or was terminated; a repair takes the copy over within minutes";
  const customStatus =
    instance.customStatus === null ? null : { ...instance.customStatus, nextReadAt: null, warning };
  return { ...instance, customStatus, execution: { kind: "running" }, listenerId: null };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
