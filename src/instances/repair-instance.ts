import type { DurableClient } from "durable-functions";
import type { CopyState } from "../copy/contract/custom-status.ts";
import type { RunRecord } from "../copy/contract/copy-status.ts";
import type { CopyInput, RepairInput } from "../copy/contract/activities.ts";
import type { HeldSlot } from "../ledger/ledger.ts";
import { orchestrations, repairIdOf } from "../names.ts";
import { repairOf } from "./find-instance.ts";

/** A copy that holds its destination although its run was broken off. */
export type LostCopy = {
  slot: Pick<HeldSlot, "instanceId" | "plan" | "copyId" | "closing">;
  copy: CopyInput;
  record: RunRecord;
};

/** Hands the copy to a repair. One copy has one repair at a time: false when it is under way already. */
export async function startRepair(client: DurableClient, lost: LostCopy): Promise<boolean> {
  const { instanceId, plan, copyId, closing } = lost.slot;
  const { copy, record } = lost;
  const input: RepairInput = { version: 1, instanceId, copy, plan, copyId, closing, record };
  try {
    await client.startNew(orchestrations.repair, { instanceId: repairIdOf(instanceId), input });
    return true;
  } catch (error) {
    // The extension refuses an id that runs already; then somebody else was faster.
    const repair = await repairOf(client, instanceId);
    if (repair?.ending.kind === "running") return false;
    throw error;
  }
}

/** What a broken run had told of itself. */
export function recordOf(state: CopyState | null): RunRecord {
  if (state === null) return { abortRequested: false, startedAt: null, statusReads: 0 };
  const { abortRequested, startedAt, statusReads } = state;
  return { abortRequested, startedAt, statusReads };
}
