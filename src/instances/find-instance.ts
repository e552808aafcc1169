import type { DurableClient, OrchestrationRuntimeStatus } from "durable-functions";
import type { CustomStatus } from "../copy/contract/custom-status.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import { upgradeCopyInput } from "../copy/contract/activities.ts";
import type { CopyInput, RepairInput } from "../copy/contract/activities.ts";
import type { CopyInstance } from "./copy-instance.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { orchestrations, repairInstanceId } from "../names.ts";

/** A copy, and the instance that hears events about it; null while nobody has taken it over. */
export type FoundInstance = CopyInstance & { listenerId: string | null };

/**
 * What Durable and the ledger know of a copy; null when Durable knows none under this id. A run that
 * was broken off is no end: as long as it holds its destination, a repair takes it over.
 */
export async function findInstance(
  client: DurableClient,
  ledger: Ledger,
  id: string,
): Promise<FoundInstance | null> {
  const own = await ownInstance(client, id);
  const isTelling = own?.execution.kind === "running" && own.customStatus?.settled === true;
  if (own !== null && own.execution.kind !== "broken" && !isTelling)
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

/** What Durable knows of a copy's own run. */
export function ownInstance(client: DurableClient, id: string): Promise<CopyInstance | null> {
  return readInstance(client, { id, instanceId: id, name: orchestrations.copy }, (input) =>
    // Only this app's triggers start copyOrchestration, always with a CopyInput.
    upgradeCopyInput(input as CopyInput),
  );
}

/** What Durable knows of the repair of a copy. */
export function repairInstance(client: DurableClient, id: string): Promise<CopyInstance | null> {
  const instance = { id, instanceId: repairInstanceId(id), name: orchestrations.repair };
  // As above, always with a RepairInput.
  return readInstance(client, instance, (input) => upgradeCopyInput((input as RepairInput).copy));
}

async function readInstance(
  client: DurableClient,
  { id, instanceId, name }: { id: string; instanceId: string; name: string },
  copyIn: (input: unknown) => CopyInput,
): Promise<CopyInstance | null> {
  const status = await client.getStatus(instanceId).catch((error: unknown) => {
    // The SDK throws for an unknown instance (3.5.0, DurableClient.getStatus), with this text.
    if (error instanceof Error && error.message.includes("replied with HTTP 404")) {
      return null;
    }
    throw error;
  });
  if (status === null || status.name !== name) return null;
  return {
    id,
    copy: copyIn(status.input),
    // Set by the orchestration's report alone; null or "" before its first turn.
    customStatus: isObject(status.customStatus) ? (status.customStatus as CustomStatus) : null,
    execution: executionOf(status.runtimeStatus, status.output, status.lastUpdatedTime),
  };
}

function executionOf(
  runtimeStatus: `${OrchestrationRuntimeStatus}`,
  output: unknown,
  at: Date,
): CopyInstance["execution"] {
  switch (runtimeStatus) {
    case "Completed":
      // The orchestration returns nothing else.
      return { kind: "ended", outcome: output as Outcome };
    case "Failed":
    case "Terminated":
    case "Canceled":
      return { kind: "broken", at: new Date(at).toISOString() };
    default:
      return { kind: "running" };
  }
}

/** Storage may still be copying: the copy has not ended only because nobody looks for a while. */
function awaitingRepair(run: CopyInstance): FoundInstance {
  const warning = "Its orchestration was broken off; a repair takes the copy over within minutes";
  const state =
    run.customStatus === null ? null : { ...run.customStatus, nextReadAt: null, warning };
  return { ...run, customStatus: state, execution: { kind: "running" }, listenerId: null };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
