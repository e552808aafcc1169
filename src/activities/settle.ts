import { endpointUrl } from "../copy/location/endpoint.ts";
import { outcomeOf } from "../copy/contract/outcome.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import { isOurs } from "../copy/decisions/plan.ts";
import type { Settled, SettleStep, StepContext } from "../copy/contract/activities.ts";
import type { SlotClosed } from "../ledger/ledger.ts";
import { StorageRefusal } from "../storage/copy-client.ts";
import type { DestinationSide } from "../storage/copy-client.ts";
import { openSides } from "./support/dependencies.ts";
import type { ActivityDeps } from "./support/dependencies.ts";
import { formerContentGone, rollBack } from "./support/rollback.ts";
import type { RolledBack } from "./support/rollback.ts";
import { releaseSource } from "./support/source-lease.ts";
import { orTrouble, trouble, verdictOf } from "./support/storage-call.ts";

/** Removes what a copy without success left behind, keeps the outcome, frees the destination. */
export async function settleCopy(
  deps: ActivityDeps,
  step: SettleStep,
  context: StepContext,
): Promise<Settled> {
  const settled = await orTrouble(() => settle(deps, step));
  if (settled.state === "settled")
    context.log(`Copy ${step.instanceId} ${ending(settled.outcome)}`);
  return settled;
}

/** One line for whoever reads the log; the runtime itself only knows that the orchestration completed. */
function ending(outcome: Outcome): string {
  if (outcome.status === "failed")
    return `failed: ${outcome.failure.cause}: ${outcome.failure.message}`;
  return outcome.status === "skipped" ? `skipped: ${outcome.reason}` : outcome.status;
}

async function settle(deps: ActivityDeps, step: SettleStep): Promise<Settled> {
  const { ledger } = deps;
  const { instanceId, copy, plan, copyId, ending, record } = step;
  const ended = await ledger.outcome(instanceId);
  if (ended !== null) {
    await ledger.releaseSlot(copy.destination, instanceId);
    return { state: "settled", outcome: ended };
  }
  const closing = { plan, copyId, ending, record };
  const slot = await ledger.closeSlot(copy.destination, { instanceId, now: deps.now(), closing });
  if (slot.state === "busy") return { state: "wait", until: slot.until };

  // Without the slot nothing on the destination is ours to touch.
  const cleaned = slot.state === "closed" ? await cleanUp(deps, step, slot) : nothingLeft;
  if (cleaned.state === "found") return cleaned;
  if (cleaned.state === "wait" && !step.lastTry) return { state: "wait", until: cleaned.until };
  if (cleaned.state === "trouble" && !step.lastTry) return cleaned;
  const released = await releaseSource(deps, step);
  if (released.state === "trouble" && !step.lastTry) return released;
  const residue = [cleaned, released].flatMap((done) =>
    done.state === "trouble" ? [done.failure.message] : done.residue,
  );
  // First: an end that nobody was told of is found again by what is kept here.
  if (step.announces !== undefined) await ledger.untold.add(instanceId, step.announces);
  const settledAt = deps.now();
  const outcome = await ledger.end(
    instanceId,
    outcomeOf(ending, { copyId, record, residue, settledAt }),
  );
  await ledger.releaseSlot(copy.destination, instanceId);
  return { state: "settled", outcome };
}

type Cleaned = RolledBack | Extract<Settled, { state: "found" }>;

const nothingLeft: Cleaned = { state: "cleaned", residue: [] };

const unseen =
  "What the copy left at the destination, or still writes there, could not be looked at";

async function cleanUp(
  deps: ActivityDeps,
  step: SettleStep,
  { unanswered, rollback, ...slot }: Extract<SlotClosed, { state: "closed" }>,
): Promise<Cleaned> {
  const { plan, copyId, ending, copy } = step;
  if (plan === null && rollback === "off") return nothingLeft;
  // A second run of the start may be answered after its orchestration has given the start up.
  if (plan !== null && copyId === null && slot.copyId !== null) {
    return { state: "found", started: { plan, copyId: slot.copyId } };
  }
  const { destination } = openSides(deps, step);
  try {
    if (copyId === null && unanswered) {
      const found = await findUnanswered(deps, step, destination);
      if (found.state === "found") return found;
    }
    // Also where nothing was started: the snapshot was taken before.
    if (rollback === "snapshot" && plan?.destinationEtag !== null) {
      return await rollBack(deps, step, destination);
    }
    if (plan === null || copyId === null) return nothingLeft;
    if (ending.state === "out-of-sight") return { state: "cleaned", residue: [unseen] };
    if (ending.state !== "failed" && ending.state !== "aborted") return nothingLeft;
    if (plan.destinationEtag !== null) {
      return { state: "cleaned", residue: [formerContentGone] };
    }
    await deps.client.remove(destination, ending.etag);
    return nothingLeft;
  } catch (error) {
    // Somebody else wrote or removed it since: then nothing of ours is left.
    if (error instanceof StorageRefusal && isGone(error)) return nothingLeft;
    const action = `clean up the destination ${endpointUrl(copy.destination)}`;
    const verdict = verdictOf(error, deps, { call: "clean-up", action, side: destination });
    const { message } = verdict.failure;
    const stays =
      plan?.snapshot === undefined ? "" : `; snapshot ${plan.snapshot} of it may have stayed`;
    if (verdict.kind === "transient") {
      const { failure, retryAfterSeconds } = verdict;
      return trouble({ ...failure, message: `${message}${stays}` }, retryAfterSeconds);
    }
    // Without a plan nothing was done that could have left anything.
    return { state: "cleaned", residue: plan === null ? [] : [`${message}${stays}`] };
  }
}

/** A start that was never answered may have begun a copy; it must be followed, not forgotten. */
async function findUnanswered(
  { client }: ActivityDeps,
  { plan, copy }: SettleStep,
  destination: DestinationSide,
): Promise<Cleaned> {
  const seen = await client.readDestination(destination);
  if (plan === null || seen?.copy == null || !isOurs(plan, copy.source, seen)) return nothingLeft;
  return { state: "found", started: { plan, copyId: seen.copy.copyId } };
}

function isGone({ answer: { status, code } }: StorageRefusal): boolean {
  return status === 404 || (status === 412 && code === "ConditionNotMet");
}
