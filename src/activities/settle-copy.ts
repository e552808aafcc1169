import { endpointUrl } from "../copy/endpoint.ts";
import { outcomeOf } from "../copy/outcome.ts";
import { isOurs } from "../copy/plan.ts";
import type { Settled, SettleStep } from "../copy/steps.ts";
import { StorageRefusal } from "../storage/copy-client.ts";
import type { Side } from "../storage/copy-client.ts";
import { openSides, orTrouble, trouble, verdictOf } from "./deps.ts";
import type { ActivityDeps } from "./deps.ts";

/** Removes what a copy without success left behind, keeps the outcome, frees the destination. */
export function settleCopy(deps: ActivityDeps, step: SettleStep): Promise<Settled> {
  return orTrouble(
    () => settle(deps, step),
    (reason) => ({ kind: "trouble", trouble: reason }),
  );
}

async function settle(deps: ActivityDeps, step: SettleStep): Promise<Settled> {
  const { ledger } = deps;
  const { instanceId, copy, copyId, ending, abortRequested } = step;
  const under = await ledger.closeSlot(copy.destination, instanceId, deps.now());
  if (under !== null) return { kind: "wait", until: under };

  const cleaned = await cleanUp(deps, step);
  if (cleaned.kind !== "cleaned") return cleaned;
  const { residue } = cleaned;
  const completedAt = deps.now();
  const outcome = await ledger.end(
    instanceId,
    outcomeOf(ending, { copyId, abortRequested, residue, completedAt }),
  );
  await ledger.releaseSlot(copy.destination, instanceId);
  return { kind: "settled", outcome };
}

type Cleaned = { kind: "cleaned"; residue: string[] } | Exclude<Settled, { kind: "settled" }>;

const nothingLeft: Cleaned = { kind: "cleaned", residue: [] };

async function cleanUp(deps: ActivityDeps, step: SettleStep): Promise<Cleaned> {
  const { plan, copyId, ending, copy } = step;
  if (plan === null) return nothingLeft;
  const { destination } = openSides(deps, step);
  try {
    if (copyId === null) return await findOurs(deps, step, destination);
    if (ending.state !== "failed" && ending.state !== "aborted") return nothingLeft;
    if (plan.destinationEtag !== null) {
      const residue = "The destination's former content is gone; an empty blob stands in its place";
      return { kind: "cleaned", residue: [residue] };
    }
    await deps.client.remove(destination, ending.etag);
    return nothingLeft;
  } catch (error) {
    // Somebody else wrote or removed it since: then nothing of ours is left.
    if (error instanceof StorageRefusal && [404, 412].includes(error.answer.status)) {
      return nothingLeft;
    }
    const action = `remove the empty destination ${endpointUrl(copy.destination)}`;
    const verdict = verdictOf(error, deps, { call: "clean-up", action, side: destination });
    return verdict.kind === "transient"
      ? { kind: "trouble", trouble: trouble(verdict.failure, verdict.retryAfterSeconds) }
      : { kind: "cleaned", residue: [verdict.failure.message] };
  }
}

/** A start that was never answered may have begun a copy; it must be followed, not forgotten. */
async function findOurs(
  { client }: ActivityDeps,
  { plan, copy }: SettleStep,
  destination: Side,
): Promise<Cleaned> {
  const seen = await client.readDestination(destination);
  if (plan === null || seen?.copy == null || !isOurs(plan, copy.source, seen)) return nothingLeft;
  return { kind: "found", started: { plan, copyId: seen.copy.copyId } };
}
