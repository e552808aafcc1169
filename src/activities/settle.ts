import { endpointUrl } from "../copy/location/endpoint.ts";
import { buildOutcome } from "../copy/contract/outcome.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import { isOurs } from "../copy/decisions/plan.ts";
import { isGoneOrReplaced } from "../copy/decisions/storage-errors.ts";
import type { SettleResult, SettleInput, ActivityContext } from "../copy/contract/activities.ts";
import type { LockFenced } from "../ledger/ledger.ts";
import type { DestinationSide } from "../storage/copy-client.ts";
import type { ActivityDependencies } from "./support/dependencies.ts";
import { formerContentGone, rollBack } from "./support/rollback.ts";
import type { RollbackResult } from "./support/rollback.ts";
import { openSidesOnce } from "./support/sides.ts";
import type { Sides } from "./support/sides.ts";
import { releaseSource } from "./support/source-lease.ts";
import { callStorage, orTransient, transientFailure } from "./support/storage-call.ts";

/** Cleans up after a copy that did not succeed, records the outcome and releases the lock. */
export async function settleCopy(
  deps: ActivityDependencies,
  input: SettleInput,
  context: ActivityContext,
): Promise<SettleResult> {
  const settled = await orTransient(() => settle(deps, input));
  if (settled.kind === "settled")
    context.log(`Copy ${input.instanceId} ${describeOutcome(settled.outcome)}`);
  return settled;
}

/** One line for the log; Durable itself logs only that the orchestration completed. */
function describeOutcome(outcome: Outcome): string {
  if (outcome.status === "failed")
    return `failed: ${outcome.failure.cause}: ${outcome.failure.message}`;
  return outcome.status === "skipped" ? `skipped: ${outcome.reason}` : outcome.status;
}

async function settle(deps: ActivityDependencies, input: SettleInput): Promise<SettleResult> {
  const { ledger } = deps;
  const { instanceId, copy, plan, copyId, result } = input;
  const recorded = await ledger.readRecord(instanceId);
  if (recorded !== null && recorded.outcome !== null) {
    await ledger.releaseLock(copy.destination, instanceId);
    return { kind: "settled", outcome: recorded.outcome };
  }
  // Storage does not show whether this abort or another client's ended the copy.
  const abortRequested = input.record.abortRequested || recorded?.abortRequested === true;
  const record = { ...input.record, abortRequested };
  const settlement = { plan, copyId, result, record };
  const lock = await ledger.fenceLock(copy.destination, {
    instanceId,
    now: deps.now(),
    settlement,
  });
  if (lock.kind === "busy") return { kind: "wait", until: lock.until, fence: true };

  const openSides = openSidesOnce(deps, input);
  // Without the lock nothing at the destination may be changed.
  const cleaned =
    lock.kind === "closed" ? await cleanUp(deps, input, lock, openSides) : nothingLeft;
  if (cleaned.kind === "found") return cleaned;
  if (cleaned.kind === "wait" && !input.isLastAttempt) {
    return { kind: "wait", until: cleaned.until };
  }
  if (cleaned.kind === "transient-failure" && !input.isLastAttempt) return cleaned;
  const released = await releaseSource(deps, input, openSides);
  if (released.kind === "transient-failure" && !input.isLastAttempt) return released;
  const residue = [cleaned, released].flatMap((done) =>
    done.kind === "transient-failure" ? [done.failure.message] : done.residue,
  );
  // Before the outcome: after a crash the watchdog finds notifications that were not sent in the outbox.
  if (input.notifies !== undefined) await ledger.outbox.add(instanceId, input.notifies);
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

const unreadable =
  "The destination could not be read: the copy may have left content there, or may still be running";

async function cleanUp(
  deps: ActivityDependencies,
  input: SettleInput,
  { unanswered, rollback, ...lock }: Extract<LockFenced, { kind: "closed" }>,
  openSides: () => Sides,
): Promise<Cleaned> {
  const { plan, copyId, result, copy } = input;
  if (plan === null && rollback === "off") return nothingLeft;
  // Start may run a second time and get a response after its orchestration has stopped waiting for it.
  if (plan !== null && copyId === null && lock.copyId !== null) {
    return { kind: "found", started: { plan, copyId: lock.copyId } };
  }
  const { destination } = openSides();
  const action = `clean up the destination ${endpointUrl(copy.destination)}`;
  const call = { call: "clean-up", action, side: destination } as const;
  const cleaned = await callStorage(deps, call, async (): Promise<Cleaned> => {
    if (copyId === null && unanswered) {
      const found = await findUnanswered(deps, input, destination);
      if (found.kind === "found") return found;
    }
    // Also if nothing was started: the snapshot was taken before the start.
    if (rollback === "snapshot" && plan?.destinationEtag !== null) {
      return await rollBack(deps, input, destination);
    }
    if (plan === null || copyId === null) return nothingLeft;
    if (result.kind === "unobservable") return { kind: "cleaned", residue: [unreadable] };
    if (result.kind !== "failed" && result.kind !== "aborted") return nothingLeft;
    if (plan.destinationEtag !== null) {
      return { kind: "cleaned", residue: [formerContentGone] };
    }
    await deps.client.remove(destination, result.etag);
    return nothingLeft;
  });
  if (cleaned.ok) return cleaned.value;
  // Another writer has replaced or removed it since, so nothing of this copy is left.
  if (isGoneOrReplaced(cleaned.response)) return nothingLeft;
  const { verdict } = cleaned;
  const snapshot =
    plan?.snapshot === undefined ? "" : `; its snapshot ${plan.snapshot} may still exist`;
  const message = `${verdict.failure.message}${snapshot}`;
  if (verdict.kind === "transient") {
    return transientFailure({ ...verdict.failure, message }, verdict.retryAfterSeconds);
  }
  // Without a plan there is nothing to clean up.
  return { kind: "cleaned", residue: plan === null ? [] : [message] };
}

/** Finds the copy of a start that got no response; it must be followed before it can be settled. */
async function findUnanswered(
  { client }: ActivityDependencies,
  { plan, copy }: SettleInput,
  destination: DestinationSide,
): Promise<Cleaned> {
  const seen = await client.readDestination(destination);
  if (plan === null || seen?.copy == null || !isOurs(plan, copy.source, seen)) return nothingLeft;
  return { kind: "found", started: { plan, copyId: seen.copy.copyId } };
}
