import type { DurableClient } from "durable-functions";
import type { CopyRequest } from "../copy/request/copy-request.ts";
import type { CopyInput } from "../copy/contract/activities.ts";
import type { CopyRun } from "./copy-instance.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { orchestrations } from "../names.ts";
import type { Seal } from "../secrets/seal.ts";
import { findRun, ownRun } from "./find-instance.ts";
import { recordOf, startRepair } from "./repair-instance.ts";

/** A valid and allowed request that was given an instance id; `isNew` says that nobody began it yet. */
export type ClaimedCopy = { instanceId: string; isNew: boolean; input: CopyInput };

export type CopyBegun =
  | { state: "started"; run: CopyRun }
  /** It was begun before, by another call of the same claim. */
  | { state: "existed"; run: CopyRun }
  /** Durable did not answer. */
  | { state: "unknown" };

/** Begins a claimed copy, exactly once, however often and from wherever it is asked to. */
export async function beginClaimed(
  client: DurableClient,
  ledger: Ledger,
  { instanceId, isNew, input }: ClaimedCopy,
): Promise<CopyBegun> {
  const existing = isNew
    ? null
    : ((await findRun(client, ledger, instanceId)) ??
      (await repairLost(client, ledger, instanceId, input)));
  if (existing !== null) return { state: "existed", run: existing };
  await ledger.open({ instanceId, ...input });
  const state = await startOrchestration(client, instanceId, input);
  if (state === "unknown") return { state };
  const run = { id: instanceId, copy: input, state: null, ending: { kind: "running" } } as const;
  return { state, run };
}

/** The orchestration's input, its secrets sealed for this instance alone. */
export function copyInput(
  { seal }: Seal,
  request: CopyRequest,
  { instanceId, now, announces }: { instanceId: string; now: Date; announces: boolean },
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
    createdAt: now.toISOString(),
    ...(announces ? { announces: true } : {}),
  };
}

/**
 * A copy that holds its destination while Durable knows no run of it was lost, not left unstarted: a
 * second run would meet the first one's copy and take it for somebody else's.
 */
async function repairLost(
  client: DurableClient,
  ledger: Ledger,
  instanceId: string,
  { destination }: CopyInput,
): Promise<CopyRun | null> {
  const slot = await ledger.slotOf(destination);
  if (slot?.instanceId !== instanceId || slot.copy === null) return null;
  // Asked again, now that the slot is known to be held: a run that has just begun is known by now.
  const begun = await findRun(client, ledger, instanceId);
  if (begun !== null) return begun;
  await startRepair(client, { slot, copy: slot.copy, record: recordOf(null) });
  return { id: instanceId, copy: slot.copy, state: null, ending: { kind: "running" } };
}

/** The extension refuses an id that runs already; then another call of the same claim was faster. */
async function startOrchestration(
  client: DurableClient,
  instanceId: string,
  input: CopyInput,
): Promise<"started" | "existed" | "unknown"> {
  try {
    await client.startNew(orchestrations.copy, { instanceId, input });
    return "started";
  } catch {
    // The SDK's text quotes the extension's answer; what counts is whether the copy runs.
    const run = await ownRun(client, instanceId).catch(() => null);
    return run === null ? "unknown" : "existed";
  }
}
