import type { DurableClient } from "durable-functions";
import type { CustomStatus } from "../copy/contract/custom-status.ts";
import type { OrchestrationRecord } from "../copy/contract/copy-status.ts";
import type { CopyInput, RepairInput } from "../copy/contract/activities.ts";
import type { HeldLock } from "../ledger/ledger.ts";
import { orchestrations, repairInstanceId } from "../names.ts";
import { repairInstance } from "./find-instance.ts";

/** A copy that holds its destination although its run was broken off. */
export type LostCopy = {
  lock: Pick<HeldLock, "instanceId" | "plan" | "copyId" | "settlement">;
  copy: CopyInput;
  record: OrchestrationRecord;
};

/** Hands the copy to a repair. One copy has one repair at a time: false when it is under way already. */
export async function startRepair(client: DurableClient, lost: LostCopy): Promise<boolean> {
  const { instanceId, plan, copyId, settlement } = lost.lock;
  const { copy, record } = lost;
  const input: RepairInput = { version: 1, instanceId, copy, plan, copyId, settlement, record };
  try {
    await client.startNew(orchestrations.repair, {
      instanceId: repairInstanceId(instanceId),
      input,
    });
    return true;
  } catch (error) {
    // The extension refuses an id that runs already; then somebody else was faster.
    const repair = await repairInstance(client, instanceId);
    if (repair?.execution.kind === "running") return false;
    throw error;
  }
}

/** What a broken run had told of itself. */
export function recordFrom(state: CustomStatus | null): OrchestrationRecord {
  if (state === null) return { abortRequested: false, startedAt: null, statusReads: 0 };
  const { abortRequested, startedAt, statusReads } = state;
  return { abortRequested, startedAt, statusReads };
}
