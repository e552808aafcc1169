import { endpointUrl } from "../copy/location/endpoint.ts";
import { formerContentGone, buildOutcome } from "../copy/contract/outcome.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import { isGoneOrReplaced } from "../copy/decisions/storage-errors.ts";
import type { Failure } from "../copy/contract/failure.ts";
import type {
  ActivityContext,
  CopyPlan,
  SettleInput,
  SettleResult,
} from "../copy/contract/activities.ts";
import {
  busyUntil,
  emptyRecord,
  isDeleted,
  mayBeStarted,
  newRecord,
  unansweredPlans,
  withCopy,
  withOutcome,
} from "../ledger/record.ts";
import type { CopyRecord } from "../ledger/record.ts";
import { endedColumns } from "../telemetry/copy-lines.ts";
import { emit } from "../telemetry/scope.ts";
import { UnsealError } from "../secrets/seal.ts";
import type { DestinationSide } from "../storage/copy-client.ts";
import type { ActivityDependencies } from "./support/dependencies.ts";
import { checkDestination } from "./support/access.ts";
import { recognizeCopy } from "../copy/decisions/recognize-copy.ts";
import type { Unanswered } from "../copy/decisions/recognize-copy.ts";
import { freeDestination, readOwnLock } from "./support/destination-queue.ts";
import { rollBack } from "./support/rollback.ts";
import type { RollbackResult } from "./support/rollback.ts";
import { openSides } from "./support/sides.ts";
import type { Sides } from "./support/sides.ts";
import { releaseSource } from "./support/source-lease.ts";
import { callStorage, orTransient, transientFailure } from "./support/storage-call.ts";

/**
 * Cleans up after a copy that did not succeed, records the outcome and releases the lock. `mayFence` false: changes
 * nothing if another run may have started the copy, which must then be followed.
 */
export async function settleCopy(
  deps: ActivityDependencies,
  input: SettleInput,
  context: ActivityContext,
  { mayFence = true } = {},
): Promise<SettleResult> {
  const settled = await orTransient(() => settle(deps, input, { context, mayFence }));
  if (settled.kind !== "settled") return settled;
  const { outcome, again } = settled;
  context.log(`Copy ${input.instanceId} ${describeOutcome(outcome)}`);
  const { instanceId, copy, createdAt, facts } = input;
  emit(
    "ferry.copy.ended",
    endedColumns({ instanceId, copy, createdAt, facts, outcome, again, recorded: true }),
  );
  return { kind: "settled", outcome };
}

/** `again`: an earlier execution had recorded the outcome. */
type Settled =
  | Exclude<SettleResult, { kind: "settled" }>
  | (Extract<SettleResult, { kind: "settled" }> & { again: boolean });

/** One line for the log; Durable itself logs only that the orchestration completed. */
function describeOutcome(outcome: Outcome): string {
  if (outcome.status === "failed")
    return `failed: ${outcome.failure.cause}: ${outcome.failure.message}`;
  return outcome.status === "skipped" ? `skipped: ${outcome.reason}` : outcome.status;
}

async function settle(
  deps: ActivityDependencies,
  input: SettleInput,
  { context, mayFence }: { context: ActivityContext; mayFence: boolean },
): Promise<Settled> {
  const { records } = deps.ledger;
  const { instanceId, kept } = input;
  // Once every attempt has a response, only an abort changes the record, and then the write fails. Before a clean-up
  // the record is read, because Ferry may not have written the input.
  const mustRead = kept === null || input.record.abortRequested || mustCleanUp(input, emptyRecord);
  let record: Settling | null = mustRead ? null : { ...toRecord(input), etag: kept.record };
  for (;;) {
    const current: Settling = record ?? (await records.read(instanceId)) ?? toNew(input);
    if (current.outcome !== null) {
      // This run may have added the notification just before a DELETE recorded the outcome.
      if (isDeleted(current)) await deps.ledger.outbox.remove(instanceId);
      await freeDestination(deps, input, { context, lock: kept?.lock ?? null });
      return { kind: "settled", outcome: current.outcome, again: true };
    }
    if (!mayFence && input.copyId === null && mayBeStarted(current)) {
      return { kind: "wait", until: busyUntil(current), fence: true };
    }
    const order = { record: current, context };
    const settled = await settleRecord(deps, toCurrent(input, current), order);
    if (settled.kind !== "overtaken") return settled;
    record = null;
  }
}

/** The known parts of the record; `etag` is null if there is no record. */
type Settling = CopyRecord & { etag: string | null };

function toNew(input: SettleInput): Settling {
  return { ...toRecord(input), etag: null };
}

function toRecord({ copy, createdAt }: SettleInput): CopyRecord {
  const { source, destination, claim = "", owner, retryOf } = copy;
  const repeated = retryOf === undefined ? {} : { retryOf };
  const createdOn = createdAt ?? null;
  return newRecord({ source, destination, claim, owner, createdAt: createdOn, ...repeated });
}

/**
 * Adds the parts that only the record contains: the plan of a start that got no response, and a requested abort. The
 * record's plan determines what is restored and removed, because Ferry may not have written the input's plan.
 */
function toCurrent(input: SettleInput, { plan, abortRequested }: CopyRecord): SettleInput {
  // Storage does not show whether this abort or another client's ended the copy.
  const isAborting = input.record.abortRequested || abortRequested;
  return {
    ...input,
    plan: plan ?? input.plan,
    record: { ...input.record, abortRequested: isAborting },
  };
}

/** "overtaken": another writer has changed the record in the meantime. */
async function settleRecord(
  deps: ActivityDependencies,
  input: SettleInput,
  { record: known, context }: { record: Settling; context: ActivityContext },
): Promise<Settled | { kind: "overtaken" }> {
  const { ledger } = deps;
  const { instanceId, copy, plan, copyId, result, kept } = input;
  let lock = kept?.lock ?? null;
  let record = known;
  const residue: string[] = [];
  if (mustCleanUp(input, record)) {
    // Start may run a second time and get a response after its orchestration has stopped waiting for it.
    if (copyId === null && record.copyId !== null && plan !== null) {
      return { kind: "found", started: { plan, copyId: record.copyId } };
    }
    // The mark: no attempt is registered after it, and a repair continues with it instead of taking the clean-up for
    // another writer's change.
    const settlement = { plan, copyId, result, record: input.record };
    const etag = await ledger.records.write(instanceId, { ...record, settlement }, record.etag);
    if (etag === null) return { kind: "overtaken" };
    record = { ...record, settlement, etag };
    if (copyId === null && busyUntil(record) > deps.now()) {
      return { kind: "wait", until: busyUntil(record), fence: true };
    }
    let isHeld = true;
    if (usesDestination(input, record)) {
      // Ferry may not have written the input, so its ETag does not show who holds the lock.
      const held = await readOwnLock(deps, input, known);
      isHeld = held !== null;
      lock = held?.etag ?? null;
    }
    const cleaned = await clean(deps, input, { record, isHeld });
    if (!("residue" in cleaned)) return cleaned;
    residue.push(...cleaned.residue);
  }
  // Written before the outcome, so that after a crash the watchdog finds unsent notifications in the outbox.
  if (input.notifies !== undefined) await ledger.outbox.add(instanceId, input.notifies);
  const ended = withOutcome(record, toOutcome(deps, input, residue));
  const { outcome } = ended;
  if (outcome === null) throw new Error("Cannot settle the copy because its record has no outcome");
  if ((await ledger.records.write(instanceId, ended, record.etag)) === null) {
    return { kind: "overtaken" };
  }
  if (input.wasWoken === true) await ledger.removeWakeMark(copy.destination);
  await freeDestination(deps, input, { context, lock });
  return { kind: "settled", outcome, again: false };
}

/** Returns false if the copy left nothing and no start attempt can have started another copy. */
function mustCleanUp(input: SettleInput, record: CopyRecord): boolean {
  const { copy, copyId } = input;
  const isUnknown = copyId === null && mayBeStarted(record);
  const takes = copy.leasesSource === true || copy.rollsBack === true;
  const left = leftByCopy(input);
  return isUnknown || takes || left.kind === "stub" || left.residue.length > 0;
}

/** Cleans up the destination and releases the source. */
async function clean(
  deps: ActivityDependencies,
  input: SettleInput,
  { record, isHeld }: { record: CopyRecord; isHeld: boolean },
): Promise<Exclude<SettleResult, { kind: "settled" }> | { residue: string[] }> {
  const { instanceId, copy, plan } = input;
  const sides = openSides(deps, input);
  const denial = checkDestination(deps, copy.destination, "clean up the destination");
  // Without the lock, Ferry must not change the destination.
  const cleaned =
    denial === null && isHeld
      ? await orResidue<Cleaned>(input, () => cleanUp(deps, input, record, sides), unreadable)
      : toCleaned(denial, plan);
  if (cleaned.kind === "found") return cleaned;
  if (cleaned.kind === "wait" && !input.isLastAttempt) {
    return { kind: "wait", until: cleaned.until };
  }
  if (cleaned.kind === "transient-failure" && !input.isLastAttempt) return cleaned;
  const release = () => releaseSource(deps, input, sides, { isAllowed: false });
  const leaseLeft = `The lease ${instanceId} on the source may still be held`;
  const released = await orResidue(input, release, leaseLeft);
  if (released.kind === "transient-failure" && !input.isLastAttempt) return released;
  const residue = [cleaned, released].flatMap((done) =>
    done.kind === "transient-failure" ? [done.failure.message] : done.residue,
  );
  return { residue };
}

function toOutcome({ now }: ActivityDependencies, input: SettleInput, residue: string[]): Outcome {
  const { result, copyId, record } = input;
  const createdAt = input.createdAt ?? null;
  return buildOutcome(result, { copyId, record, residue, settledAt: now(), createdAt });
}

/** On the last attempt, a SAS that cannot be opened becomes residue, followed by `left`, which says what may remain. */
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
  record: CopyRecord,
  sides: Sides,
): Promise<Cleaned> {
  const { plan, copyId, copy } = input;
  const left = leftByCopy(input);
  // No call to Storage is needed, and no SAS.
  if (left.kind === "cleaned" && !usesDestination(input, record)) return left;
  const plans = copyId === null ? unansweredPlans(record) : [];
  if (copyId !== null && copyId !== record.copyId) return { kind: "cleaned", residue: [notOurs] };
  const destination = sides.destination();
  const action = `clean up the destination ${endpointUrl(copy.destination)}`;
  const call = { call: "clean-up", action, side: destination } as const;
  const cleaned = await callStorage(deps, call, async (): Promise<Cleaned> => {
    if (plans.length > 0) {
      const options = record.shownOptions ?? null;
      const found = await findUnanswered(deps, input, { plans, options, destination });
      if (found.kind === "found") return found;
    }
    if (mayRollBack(input, record)) {
      const rolledBack = await rollBack(deps, { ...input, plan: record.plan }, destination);
      // A blob with snapshots cannot be deleted, so the stub is removed after them.
      if (left.kind !== "stub" || rolledBack.kind !== "cleaned") return rolledBack;
    }
    if (left.kind !== "stub") return left;
    const seen = await deps.client.readDestination(destination);
    const isComplete = seen?.copy?.status === "success";
    if (isComplete && record.plan?.found === true) return nothingLeft; // it may be another client's
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

/** Returns true if the clean-up reads or changes the destination. */
function usesDestination(input: SettleInput, record: CopyRecord): boolean {
  const isUnanswered = input.copyId === null && unansweredPlans(record).length > 0;
  return isUnanswered || mayRollBack(input, record) || leftByCopy(input).kind === "stub";
}

/** This includes copies that were not started, because the snapshot is taken before the start. */
function mayRollBack({ copy }: SettleInput, { plan }: CopyRecord): boolean {
  return copy.rollsBack === true && plan?.destinationEtag !== null;
}

const notOurs =
  "The destination was not cleaned up: the ledger does not show that this copy was started";

/**
 * Returns the residue of the copy itself, or the empty blob that it left at the destination and that must be removed.
 */
function leftByCopy({
  plan,
  copyId,
  result,
}: SettleInput): typeof nothingLeft | { kind: "stub"; etag: string } {
  if (plan === null || copyId === null) return nothingLeft;
  if (result.kind === "unobservable") return { kind: "cleaned", residue: [unreadable] };
  if (result.kind !== "failed" && result.kind !== "aborted") return nothingLeft;
  return plan.destinationEtag === null || plan.ontoStub === true
    ? { kind: "stub", etag: result.etag }
    : { kind: "cleaned", residue: [formerContentGone] };
}

/** Finds the copy of a start that got no response; it must be followed before it can be settled. */
async function findUnanswered(
  deps: ActivityDependencies,
  { copy, instanceId }: SettleInput,
  { destination, ...started }: Unanswered & { destination: DestinationSide },
): Promise<Cleaned> {
  const { client, ledger, now } = deps;
  const seen = await client.readDestination(destination);
  const found = recognizeCopy(copy, started, seen);
  if (found === null) return nothingLeft;
  // The clean-up removes only content of the copy in the record.
  await ledger.records.change(instanceId, undefined, (record) => withCopy(record, found, now()));
  return { kind: "found", started: found };
}
