import type { CopyId } from "../../copy/contract/ids.ts";
import { toIso } from "../../copy/time.ts";
import type { EpochMs } from "../../copy/time.ts";
import { endpointUrl, isOntoItself, lockIdentityOf } from "../../copy/location/endpoint.ts";
import type { Destination } from "../../copy/location/endpoint.ts";
import { failure } from "../../copy/contract/failure.ts";
import type { Failure } from "../../copy/contract/failure.ts";
import { checkEvent, decide, waitForSource } from "../../copy/decisions/plan.ts";
import type { Decision } from "../../copy/decisions/plan.ts";
import { isStub } from "../../copy/decisions/overwrite.ts";
import type { DestinationProperties, SourceProperties } from "../../copy/contract/properties.ts";
import { isNothingToAbort } from "../../copy/decisions/storage-errors.ts";
import type { Verdict } from "../../copy/decisions/storage-errors.ts";
import type {
  Busy,
  CopyInput,
  CopyPlan,
  NotStarted,
  StartInput,
} from "../../copy/contract/activities.ts";
import type { TransientFailure } from "../../copy/contract/copy-status.ts";
import type { CopyRecord } from "../../ledger/record.ts";
import type { ActivityDependencies } from "../support/dependencies.ts";
import type { Sides } from "../support/sides.ts";
import { snapshotDestination } from "../support/rollback.ts";
import type { Snapshotted } from "../support/rollback.ts";
import { readRestored } from "../support/restored.ts";
import { readSource, sourceRead } from "../support/source-access.ts";
import { leaseSource, releaseSource } from "../support/source-lease.ts";
import { readySource, refuseLongSource } from "./ready-source.ts";
import { callStorage, toFailure } from "../support/storage-call.ts";

/** A decision that needs no other copy to be aborted first. */
export type Decided = Exclude<Decision, { kind: "replace" }> | TransientFailure;

/**
 * While a copy waits for its source, it reads only the source, and leaves the lock to others. Null if it no longer has
 * to wait. `record`: the copy's record; null if it has none.
 */
export async function readAwaitedSource(
  deps: ActivityDependencies,
  { copy }: StartInput,
  { sides, record }: { sides: Sides; record: CopyRecord | null },
): Promise<NotStarted | null> {
  const read = await callStorage(deps, sourceRead(copy, sides), () =>
    readSource(deps, copy, sides),
  );
  if (!read.ok || read.value.seen === null) return null;
  const { seen } = read.value;
  return checkEvent({ ...copy, awaited: awaitedIn(record) }, seen) ?? waitForSource(copy, seen);
}

/** The copy that was pending on the source when the event was compared with it. */
function awaitedIn(record: CopyRecord | null): CopyId | null {
  return record?.awaitedCopyId ?? null;
}

/** Copies from the snapshot, so that a failed copy of a blob onto itself cannot destroy the source. */
function fromSnapshot(plan: CopyPlan): CopyPlan {
  const { snapshot } = plan;
  return snapshot === undefined ? plan : { ...plan, source: { ...plan.source, snapshot } };
}

/**
 * Skips a stale event without waiting for the lock. If the source cannot be read now, it is read again once the
 * lock is free.
 */
export async function skipIfOvertaken(
  deps: ActivityDependencies,
  { copy }: StartInput,
  { sides, record }: { sides: Sides; record: CopyRecord | null },
): Promise<NotStarted | null> {
  if (copy.event === undefined) return null;
  const read = await callStorage(deps, sourceRead(copy, sides), () =>
    readSource(deps, copy, sides),
  );
  if (!read.ok || read.value.seen === null) return null;
  return checkEvent({ ...copy, awaited: awaitedIn(record) }, read.value.seen);
}

/**
 * Decides; if a copy that is not ours must be replaced, aborts it and decides again. `isUnused`: no start attempt of
 * this copy is in the ledger. It is called after the read of the destination, because if the pending copy were ours,
 * its attempt would be there by then: a late run must not abort the copy that another run has started.
 */
export async function decideOrReplace(
  deps: ActivityDependencies,
  input: StartInput,
  {
    sides,
    record,
    isUnused,
  }: { sides: Sides; record: CopyRecord | null; isUnused(): Promise<boolean> },
): Promise<Decided> {
  const decision = await readAndDecide(deps, input, { sides, record });
  if (decision.kind !== "replace") return decision;
  if (!(await isUnused())) return decision.otherwise;
  if (await isWithinJob(deps, input.copy.destination)) return decision.otherwise;
  // Every call that can refuse the copy before its start comes before the abort.
  const refused =
    (await leaseSource(deps, input, sides)) ?? (await checkStart(deps, input, { sides, decision }));
  if (refused !== null) return refused;
  const abortFailure = await abortOther(deps, sides, decision.copyId);
  if (abortFailure !== null) return abortFailure;
  const afterwards = await readAndDecide(deps, input, { sides, record });
  const decided = afterwards.kind === "replace" ? afterwards.otherwise : afterwards;
  if (decided.kind !== "busy") return decided;
  const released = await releaseSource(deps, input, sides, { isAllowed: true });
  return released.kind === "transient-failure" ? released : decided;
}

/** Makes the calls to the source that the start needs, and checks their results; null if the start can be sent. */
async function checkStart(
  deps: ActivityDependencies,
  { copy }: StartInput,
  { sides, decision }: { sides: Sides; decision: { plan: CopyPlan } },
): Promise<ReturnType<typeof toFailure> | null> {
  const ready = await readySource(deps, { copy, plan: decision.plan }, sides);
  return ready.ok ? refuseLongSource(ready.value.signed) : toFailure(ready.verdict);
}

/** Leases the source and takes the snapshot, if the request asks for them. */
export async function securePlan(
  deps: ActivityDependencies,
  input: StartInput,
  { sides, plan }: { sides: Sides; plan: CopyPlan },
): Promise<Snapshotted> {
  const { copy } = input;
  const leaseFailure = await leaseSource(deps, input, sides);
  if (leaseFailure !== null) return leaseFailure;
  if (copy.options.rollback === "off") return { kind: "planned", plan, isNew: false };
  const result = await snapshotDestination(deps, input, {
    plan,
    destination: sides.destination(),
  });
  return result.kind === "planned" && isOntoItself(copy.source, copy.destination)
    ? { ...result, plan: fromSnapshot(result.plan) }
    : result;
}

/** Another Ferry copy holds the lock. It is never replaced: no request aborts another request's copy. */
export function heldByAnother({
  destination,
  options,
}: CopyInput): Busy | { kind: "failed"; failure: Failure } {
  const message = `Cannot copy onto the destination because another Ferry copy writes to it: ${endpointUrl(destination)}`;
  const reason = failure("destination-busy", message);
  if (options.ifBusy === "fail") return { kind: "failed", failure: reason };
  const waitsFor = "Waiting for another Ferry copy, which writes to the destination";
  return { kind: "busy", endpoint: "destination", waitsFor, failure: reason };
}

/** Reads both sides and decides. */
async function readAndDecide(
  deps: ActivityDependencies,
  { copy }: StartInput,
  { sides, record }: { sides: Sides; record: CopyRecord | null },
): Promise<Decision | TransientFailure> {
  const destination = sides.destination();
  const { ifTags } = copy.options.destinationConditions ?? {};
  const action = `read the destination ${endpointUrl(copy.destination)}`;
  const destinationRead = { call: "read-destination", action, side: destination } as const;
  const [sourceResult, destinationResult] = await Promise.all([
    callStorage(deps, sourceRead(copy, sides), () => readSource(deps, copy, sides)),
    callStorage(deps, destinationRead, () => deps.client.readDestination(destination, { ifTags })),
  ]);
  if (!sourceResult.ok) return toFailure(sourceResult.verdict);
  if (!destinationResult.ok) return refusedDestination(copy, destinationResult.verdict);
  const { seen, minted } = sourceResult.value;
  const awaited = awaitedIn(record);
  const existing = destinationResult.value;
  const writtenAt = await readWrittenAt(deps, copy, seen, existing);
  const decision = decide({ ...copy, awaited, writtenAt }, seen, existing);
  if (decision.kind !== "planned" && decision.kind !== "replace") return decision;
  const plannedAt = toIso(deps.now());
  const plan = { ...decision.plan, plannedAt, ...(minted === null ? {} : { mintedSas: minted }) };
  return { ...decision, plan };
}

/**
 * Returns when the destination's content was written if a rollback has restored it and the decision depends on it;
 * otherwise null.
 */
async function readWrittenAt(
  { ledger }: ActivityDependencies,
  { options, destination }: CopyInput,
  source: SourceProperties | null,
  existing: DestinationProperties | null,
): Promise<EpochMs | null> {
  if (options.overwrite !== "if-newer" || source === null || existing === null) return null;
  const isDecided = source.lastModified > existing.lastModified || isStub(existing);
  return isDecided ? null : await readRestored(ledger, destination, existing.etag);
}

/**
 * If the caller wants to wait, waits for the pending copy that makes Storage refuse reads of the destination. `replace`
 * waits, too: without the properties, the copyId to abort is unknown.
 */
function refusedDestination({ options }: CopyInput, verdict: Verdict): Decision | TransientFailure {
  const { failure: reason } = verdict;
  if (reason.cause !== "destination-busy" || options.ifBusy === "fail") return toFailure(verdict);
  const waitsFor = "Waiting for a pending copy onto the destination to end";
  return { kind: "busy", endpoint: "destination", waitsFor, failure: reason };
}

/**
 * Aborts a copy that is not ours; null when it is aborted or no longer pending. The call names its copyId, so Storage
 * refuses the call if another copy is pending by then ("Abort Copy Blob", 409). No message contains the copyId: with
 * it, and write permission, a caller could abort another caller's copy.
 */
async function abortOther(
  deps: ActivityDependencies,
  sides: Sides,
  copyId: CopyId,
): Promise<ReturnType<typeof toFailure> | null> {
  const destination = sides.destination();
  const action = `abort the other copy onto ${endpointUrl(destination.endpoint)}`;
  const aborted = await callStorage(deps, { call: "abort", action, side: destination }, () =>
    deps.client.abort(destination, copyId),
  );
  return aborted.ok || isNothingToAbort(aborted.response) ? null : toFailure(aborted.verdict);
}

/**
 * Returns true if a job that has not ended writes to a place that contains the destination. A pending copy there
 * may be the job's, because jobs hold no locks.
 */
async function isWithinJob(
  { ledger }: ActivityDependencies,
  destination: Destination,
): Promise<boolean> {
  const identity = lockIdentityOf(destination);
  const active = await ledger.jobs.active.list();
  return active.some((job) => identity.startsWith(job.destination));
}
