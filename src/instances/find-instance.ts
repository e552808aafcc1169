import type { DurableClient, OrchestrationRuntimeStatus } from "durable-functions";
import type { CopyState } from "../copy/contract/custom-status.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import { copyInputOf } from "../copy/contract/activities.ts";
import type { CopyInput, RepairInput } from "../copy/contract/activities.ts";
import type { CopyRun } from "./copy-instance.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { orchestrations, repairIdOf } from "../names.ts";

/** A copy, and the instance that hears events about it; null while nobody has taken it over. */
export type FoundRun = CopyRun & { hears: string | null };

/**
 * What Durable and the ledger know of a copy; null when Durable knows none under this id. A run that
 * was broken off is no end: as long as it holds its destination, a repair takes it over.
 */
export async function findRun(
  client: DurableClient,
  ledger: Ledger,
  id: string,
): Promise<FoundRun | null> {
  const own = await ownRun(client, id);
  const isTelling = own?.ending.kind === "running" && own.state?.settled === true;
  if (own !== null && own.ending.kind !== "broken" && !isTelling) return { ...own, hears: id };
  const outcome = own === null ? null : await ledger.outcome(id);
  if (own !== null && outcome !== null) {
    return { ...own, ending: { kind: "ended", outcome }, hears: null };
  }
  const repair = await repairOf(client, id);
  if (repair !== null && repair.ending.kind !== "broken") {
    return { ...repair, state: repair.state ?? own?.state ?? null, hears: repairIdOf(id) };
  }
  const broken = own ?? repair;
  if (broken === null) return null;
  const slot = await ledger.slotOf(broken.copy.destination);
  return slot?.instanceId === id ? untilRepaired(broken) : { ...broken, hears: null };
}

/** What Durable knows of a copy's own run. */
export function ownRun(client: DurableClient, id: string): Promise<CopyRun | null> {
  return readRun(client, { id, instanceId: id, name: orchestrations.copy }, (input) =>
    // Only this app's triggers start copyOrchestration, always with a CopyInput.
    copyInputOf(input as CopyInput),
  );
}

/** What Durable knows of the repair of a copy. */
export function repairOf(client: DurableClient, id: string): Promise<CopyRun | null> {
  const instance = { id, instanceId: repairIdOf(id), name: orchestrations.repair };
  // As above, always with a RepairInput.
  return readRun(client, instance, (input) => copyInputOf((input as RepairInput).copy));
}

async function readRun(
  client: DurableClient,
  { id, instanceId, name }: { id: string; instanceId: string; name: string },
  copyIn: (input: unknown) => CopyInput,
): Promise<CopyRun | null> {
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
    state: isObject(status.customStatus) ? (status.customStatus as CopyState) : null,
    ending: endingOf(status.runtimeStatus, status.output, status.lastUpdatedTime),
  };
}

function endingOf(
  runtimeStatus: `${OrchestrationRuntimeStatus}`,
  output: unknown,
  at: Date,
): CopyRun["ending"] {
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
function untilRepaired(run: CopyRun): FoundRun {
  const warning = "Its orchestration was broken off; a repair takes the copy over within minutes";
  const state = run.state === null ? null : { ...run.state, nextReadAt: null, warning };
  return { ...run, state, ending: { kind: "running" }, hears: null };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
