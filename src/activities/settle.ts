import { endpointUrl } from "../copy/location/endpoint.ts";
import { buildOutcome } from "../copy/contract/outcome.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import { isOurs } from "../copy/decisions/plan.ts";
import type { SettleResult, SettleInput, ActivityContext } from "../copy/contract/activities.ts";
import type { LockFenced } from "../ledger/ledger.ts";
import { StorageRefusal } from "../storage/copy-client.ts";
import type { DestinationSide } from "../storage/copy-client.ts";
import { openSides } from "./support/dependencies.ts";
import type { ActivityDependencies } from "./support/dependencies.ts";
import { formerContentGone, rollBack } from "./support/rollback.ts";
import type { RollbackResult } from "./support/rollback.ts";
import { releaseSource } from "./support/source-lease.ts";
import { orTransient, transientFailure, classifyRefusal } from "./support/storage-call.ts";

/** Removes what a copy without success left behind, keeps the outcome, frees the destination. */
export async function settleCopy(
  deps: ActivityDependencies,
  step: SettleInput,
  context: ActivityContext,
): Promise<SettleResult> {
  const settled = await orTransient(() => settle(deps, step));
  if (settled.kind === "settled")
    context.log(`Copy ${step.instanceId} ${describeOutcome(settled.outcome)}`);
  return settled;
}

/** One line for whoever reads the log; the runtime itself only knows that the orchestration completed. */
function describeOutcome(outcome: Outcome): string {
  if (outcome.status === "failed")
    return `failed: ${outcome.failure.cause}: ${outcome.failure.message}`;
  return outcome.status === "skipped" ? `skipped: ${outcome.reason}` : outcome.status;
}

async function settle(deps: ActivityDependencies, step: SettleInput): Promise<SettleResult> {
  const { ledger } = deps;
  const { instanceId, copy, plan, copyId, result, record } = step;
  const ended = await ledger.outcome(instanceId);
  if (ended !== null) {
    await ledger.releaseLock(copy.destination, instanceId);
    return { kind: "settled", outcome: ended };
  }
  const settlement = { plan, copyId, result, record };
  const lock = await ledger.fenceLock(copy.destination, {
    instanceId,
    now: deps.now(),
    settlement,
  });
  if (lock.kind === "busy") return { kind: "wait", until: lock.until };

  // Without the lock nothing on the destination is ours to touch.
  const cleaned = lock.kind === "closed" ? await cleanUp(deps, step, lock) : nothingLeft;
  if (cleaned.kind === "found") return cleaned;
  if (cleaned.kind === "wait" && !step.isLastAttempt) return { kind: "wait", until: cleaned.until };
  if (cleaned.kind === "transient-failure" && !step.isLastAttempt) return cleaned;
  const released = await releaseSource(deps, step);
  if (released.kind === "transient-failure" && !step.isLastAttempt) return released;
  const residue = [cleaned, released].flatMap((done) =>
    done.kind === "transient-failure" ? [done.failure.message] : done.residue,
  );
  // First: an end that nobody was told of is found again by what is kept here.
  if (step.notifies !== undefined) await ledger.outbox.add(instanceId, step.notifies);
  const settledAt = deps.now();
  const outcome = await ledger.recordOutcome(
    instanceId,
    buildOutcome(result, { copyId, record, residue, settledAt }),
  );
  await ledger.releaseLock(copy.destination, instanceId);
  return { kind: "settled", outcome };
}

type Cleaned = RollbackResult | Extract<SettleResult, { kind: "found" }>;

const nothingLeft: Cleaned = { kind: "cleaned", residue: [] };

const unseen =
  "What the copy left at the destination, or still writes there, could not be looked at";

async function cleanUp(
  deps: ActivityDependencies,
  step: SettleInput,
  { unanswered, rollback, ...lock }: Extract<LockFenced, { kind: "closed" }>,
): Promise<Cleaned> {
  const { plan, copyId, result, copy } = step;
  if (plan === null && rollback === "off") return nothingLeft;
  // A second run of the start may be answered after its orchestration has given the start up.
  if (plan !== null && copyId === null && lock.copyId !== null) {
    return { kind: "found", started: { plan, copyId: lock.copyId } };
  }
  const { destination } = openSides(deps, step);
  try {
    if (copyId === null && unanswered) {
      const found = await findUnanswered(deps, step, destination);
      if (found.kind === "found") return found;
    }
    // Also where nothing was started: the snapshot was taken before.
    if (rollback === "snapshot" && plan?.destinationEtag !== null) {
      return await rollBack(deps, step, destination);
    }
    if (plan === null || copyId === null) return nothingLeft;
    if (result.kind === "unobservable") return { kind: "cleaned", residue: [unseen] };
    if (result.kind !== "failed" && result.kind !== "aborted") return nothingLeft;
    if (plan.destinationEtag !== null) {
      return { kind: "cleaned", residue: [formerContentGone] };
    }
    await deps.client.remove(destination, result.etag);
    return nothingLeft;
  } catch (error) {
    // Somebody else wrote or removed it since: then nothing of ours is left.
    if (error instanceof StorageRefusal && isGone(error)) return nothingLeft;
    const action = `clean up the destination ${endpointUrl(copy.destination)}`;
    const verdict = classifyRefusal(error, deps, { call: "clean-up", action, side: destination });
    const { message } = verdict.failure;
    const stays =
      plan?.snapshot === undefined ? "" : `; snapshot ${plan.snapshot} of it may have stayed`;
    if (verdict.kind === "transient") {
      const { failure, retryAfterSeconds } = verdict;
      return transientFailure({ ...failure, message: `${message}${stays}` }, retryAfterSeconds);
    }
    // Without a plan nothing was done that could have left anything.
    return { kind: "cleaned", residue: plan === null ? [] : [`${message}${stays}`] };
  }
}

/** A start that was never answered may have begun a copy; it must be followed, not forgotten. */
async function findUnanswered(
  { client }: ActivityDependencies,
  { plan, copy }: SettleInput,
  destination: DestinationSide,
): Promise<Cleaned> {
  const seen = await client.readDestination(destination);
  if (plan === null || seen?.copy == null || !isOurs(plan, copy.source, seen)) return nothingLeft;
  return { kind: "found", started: { plan, copyId: seen.copy.copyId } };
}

function isGone({ response: { status, code } }: StorageRefusal): boolean {
  return status === 404 || (status === 412 && code === "ConditionNotMet");
}
