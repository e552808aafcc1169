import type { DurableClient } from "durable-functions";
import type { CopyRequest } from "../copy/request/copy-request.ts";
import type { CopyInput } from "../copy/contract/activities.ts";
import type { CopyInstance } from "./copy-instance.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { orchestrations } from "../names.ts";
import type { Seal } from "../secrets/seal.ts";
import { findInstance, ownInstance } from "./find-instance.ts";
import { recordFrom, startRepair } from "./repair-instance.ts";

/** A valid and allowed request that was given an instance id; `isNew` says that nobody began it yet. */
export type ClaimedCopy = { instanceId: string; isNew: boolean; input: CopyInput };

export type StartedInstance =
  | { kind: "started"; instance: CopyInstance }
  /** It was begun before, by another call of the same claim. */
  | { kind: "existed"; instance: CopyInstance }
  /** Durable did not answer. */
  | { kind: "unknown" };

/** Begins a claimed copy, exactly once, however often and from wherever it is asked to. */
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

/** The orchestration's input, its secrets sealed for this instance alone. */
export function createCopyInput(
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
    ...(announces ? { notifies: true } : {}),
  };
}

/**
 * A copy that holds its destination while Durable knows no run of it was lost, not left unstarted: a
 * second run would meet the first one's copy and take it for somebody else's.
 */
async function repairLostInstance(
  client: DurableClient,
  ledger: Ledger,
  instanceId: string,
  { destination }: CopyInput,
): Promise<CopyInstance | null> {
  const lock = await ledger.readLock(destination);
  if (lock?.instanceId !== instanceId || lock.copy === null) return null;
  // Asked again, now that the lock is known to be held: a run that has just begun is known by now.
  const begun = await findInstance(client, ledger, instanceId);
  if (begun !== null) return begun;
  await startRepair(client, { lock: lock, copy: lock.copy, record: recordFrom(null) });
  return { id: instanceId, copy: lock.copy, customStatus: null, execution: { kind: "running" } };
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
    const run = await ownInstance(client, instanceId).catch(() => null);
    return run === null ? "unknown" : "existed";
  }
}
