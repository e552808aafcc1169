import { endpointUrl } from "../copy/location/endpoint.ts";
import { buildOutcome } from "../copy/contract/outcome.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import { isOurs } from "../copy/decisions/plan.ts";
import { isGoneOrReplaced } from "../copy/decisions/storage-errors.ts";
import type { Failure } from "../copy/contract/failure.ts";
import type {
  ActivityContext,
  CopyPlan,
  SettleInput,
  SettleResult,
} from "../copy/contract/activities.ts";
import type { LockFenced } from "../ledger/ledger.ts";
import { UnsealError } from "../secrets/seal.ts";
import type { DestinationSide } from "../storage/copy-client.ts";
import type { ActivityDependencies } from "./support/dependencies.ts";
import { checkDestination } from "./support/access.ts";
import { freeDestination } from "./support/destination-queue.ts";
import { formerContentGone, rollBack } from "./support/rollback.ts";
import type { RollbackResult } from "./support/rollback.ts";
import { openSides } from "./support/sides.ts";
import type { Sides } from "./support/sides.ts";
import { releaseSource } from "./support/source-lease.ts";
import { callStorage, orTransient, transientFailure } from "./support/storage-call.ts";

/** Cleans up after a copy that did not succeed, records the outcome and releases the lock. */
export async function settleCopy(
  deps: ActivityDependencies,
  input: SettleInput,
  context: ActivityContext,
): Promise<SettleResult> {
  const settled = await orTransient(() => settle(deps, input, context));
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

async function settle(
  deps: ActivityDependencies,
  input: SettleInput,
  context: ActivityContext,
): Promise<SettleResult> {
  const { ledger } = deps;
  const { instanceId, copy, plan, copyId, result } = input;
  const recorded = await ledger.readRecord(instanceId);
  if (recorded !== null && recorded.outcome !== null) {
    await freeDestination(deps, input, context);
    return { kind: "settled", outcome: recorded.outcome };
  }
  const denial = checkDestination(deps, copy.destination, "clean up the destination");
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

  const sides = openSides(deps, input);
  // Without the lock nothing at the destination may be changed.
  const cleaned =
    denial === null && lock.kind === "closed"
      ? await orResidue<Cleaned>(input, () => cleanUp(deps, input, lock, sides), unreadable)
      : toCleaned(denial, plan);
  if (cleaned.kind === "found") return cleaned;
  if (cleaned.kind === "wait" && !input.isLastAttempt) {
    return { kind: "wait", until: cleaned.until };
  }
  if (cleaned.kind === "transient-failure" && !input.isLastAttempt) return cleaned;
  const leaseLeft = `The lease ${instanceId} on the source may still be held`;
  const release = () => releaseSource(deps, input, sides, { isAllowed: false });
  const released = await orResidue(input, release, leaseLeft);
  if (released.kind === "transient-failure" && !input.isLastAttempt) return released;
  const residue = [cleaned, released].flatMap((done) =>
    done.kind === "transient-failure" ? [done.failure.message] : done.residue,
  );
  // Before the outcome: after a crash the watchdog finds notifications that were not sent in the outbox.
  if (input.notifies !== undefined) await ledger.outbox.add(instanceId, input.notifies);
  const settledAt = deps.now();
  const outcome = await ledger.recordOutcome(
    instanceId,
    buildOutcome(result, {
      copyId,
      record,
      residue,
      settledAt,
      createdAt: input.createdAt ?? null,
    }),
  );
  await freeDestination(deps, input, context);
  return { kind: "settled", outcome };
}

/** On the last attempt, reports a SAS that cannot be opened as residue, with what may be left. */
async function orResidue<T>(
  { isLastAttempt }: SettleInput,
  work: () => Promise<T>,
  left: string,
): Promise<T | typeof nothingLeft> {
  try {
    return await work();
  } catch (error) {
    if (!isLastAttempt || !(error instanceof UnsealError)) throw error;
    return { kind: "cleaned", residue: [`${error.message}. ${left}`] };
  }
}

type Cleaned = RollbackResult | Extract<SettleResult, { kind: "found" }>;

const nothingLeft: Extract<RollbackResult, { kind: "cleaned" }> = { kind: "cleaned", residue: [] };

/** Without a plan nothing was started, so nothing is left at a host that must not be called. */
function toCleaned(denial: Failure | null, plan: CopyPlan | null): Cleaned {
  return denial === null || plan === null
    ? nothingLeft
    : { kind: "cleaned", residue: [denial.message] };
}

const unreadable =
  "The destination could not be read: the copy may have left content there, or may still be running";

async function cleanUp(
  deps: ActivityDependencies,
  input: SettleInput,
  { unanswered, rollback, ...lock }: Extract<LockFenced, { kind: "closed" }>,
  sides: Sides,
): Promise<Cleaned> {
  const { plan, copyId, copy } = input;
  if (plan === null && rollback === "off") return nothingLeft;
  // Start may run a second time and get a response after its orchestration has stopped waiting for it.
  if (plan !== null && copyId === null && lock.copyId !== null) {
    return { kind: "found", started: { plan, copyId: lock.copyId } };
  }
  const isUnanswered = copyId === null && unanswered;
  // Also if nothing was started: the snapshot was taken before the start.
  const mayRollBack = rollback === "snapshot" && plan?.destinationEtag !== null;
  const left = leftByCopy(input);
  // No call to Storage is needed, and no SAS.
  if (!isUnanswered && !mayRollBack && left.kind === "cleaned") return left;
  if (copyId !== null && copyId !== lock.copyId) return { kind: "cleaned", residue: [notOurs] };
  const destination = sides.destination();
  const action = `clean up the destination ${endpointUrl(copy.destination)}`;
  const call = { call: "clean-up", action, side: destination } as const;
  const cleaned = await callStorage(deps, call, async (): Promise<Cleaned> => {
    if (isUnanswered) {
      const found = await findUnanswered(deps, input, destination);
      if (found.kind === "found") return found;
    }
    if (mayRollBack) return await rollBack(deps, input, destination);
    if (left.kind !== "stub") return left;
    const seen = await deps.client.readDestination(destination);
    if (seen?.copy?.copyId === copyId && seen.etag === left.etag) {
      await deps.client.remove(destination, left.etag);
    }
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

const notOurs =
  "The destination was not cleaned up: the ledger does not show that this copy was started";

/** What the copy itself left at the destination: nothing but residue, or an empty blob that must be removed. */
function leftByCopy({
  plan,
  copyId,
  result,
}: SettleInput): typeof nothingLeft | { kind: "stub"; etag: string } {
  if (plan === null || copyId === null) return nothingLeft;
  if (result.kind === "unobservable") return { kind: "cleaned", residue: [unreadable] };
  if (result.kind !== "failed" && result.kind !== "aborted") return nothingLeft;
  return plan.destinationEtag === null
    ? { kind: "stub", etag: result.etag }
    : { kind: "cleaned", residue: [formerContentGone] };
}

/** Finds the copy of a start that got no response; it must be followed before it can be settled. */
async function findUnanswered(
  { client, ledger, now }: ActivityDependencies,
  { plan, copy, instanceId }: SettleInput,
  destination: DestinationSide,
): Promise<Cleaned> {
  const seen = await client.readDestination(destination);
  if (plan === null || seen?.copy == null || !isOurs(plan, copy.source, seen)) return nothingLeft;
  const { copyId } = seen.copy;
  // Only content of the copy that the lock names is cleaned up.
  const attempt = { instanceId, attemptId: null };
  await ledger.resolveAttempt(copy.destination, attempt, { copyId, now: now() });
  return { kind: "found", started: { plan, copyId } };
}
