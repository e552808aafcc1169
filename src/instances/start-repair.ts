import type { DurableClient } from "durable-functions";
import type { InstanceId } from "../copy/contract/ids.ts";
import type { OrchestrationRecord } from "../copy/contract/copy-status.ts";
import type { CopyInput, RepairInput } from "../copy/contract/activities.ts";
import type { ToRepair } from "../ledger/record.ts";
import { orchestrations, repairInstanceId } from "../names.ts";
import { DurableError } from "./durable-error.ts";
import { readRepairInstance } from "./find-instance.ts";

/** A copy that holds its lock but has no running instance. */
export type LostCopy = {
  instanceId: InstanceId;
  entry: ToRepair;
  copy: CopyInput;
  record: OrchestrationRecord;
};

/** Starts a repair for the copy; false if its repair is already running. A copy has one repair at a time. */
export async function startRepair(client: DurableClient, lost: LostCopy): Promise<boolean> {
  const { instanceId, copy, record } = lost;
  const { plan, copyId, settlement } = lost.entry;
  const input: RepairInput = { version: 1, instanceId, copy, plan, copyId, settlement, record };
  try {
    await client.startNew(orchestrations.repair, {
      instanceId: repairInstanceId(instanceId),
      input,
    });
    return true;
  } catch (error) {
    // The extension rejects the id of a running instance: another caller has started the repair.
    const repair = await readRepairInstance(client, instanceId);
    if (repair?.execution.kind === "running") return false;
    throw new DurableError(`start the repair of copy ${instanceId}`, { cause: error });
  }
}
