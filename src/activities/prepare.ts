import type { CopyId } from "../copy/contract/ids.ts";
import { toIso } from "../copy/time.ts";
import { endpointUrl, isOntoItself } from "../copy/location/endpoint.ts";
import { failure } from "../copy/contract/failure.ts";
import { decide, skipStaleEvent, waitForSource } from "../copy/decisions/plan.ts";
import type { Decision } from "../copy/decisions/plan.ts";
import { isNothingToAbort } from "../copy/decisions/storage-errors.ts";
import { pickEndpoints } from "../copy/contract/activities.ts";
import type { Verdict } from "../copy/decisions/storage-errors.ts";
import type {
  ActivityContext,
  Busy,
  CopyInput,
  CopyPlan,
  PrepareResult,
  PrepareInput,
} from "../copy/contract/activities.ts";
import type { TransientFailure } from "../copy/contract/copy-status.ts";
import type { ActivityDependencies } from "./support/dependencies.ts";
import { checkCopy } from "./support/access.ts";
import { freeDestination, giveWay, acquireOrJoin } from "./support/destination-queue.ts";
import { openSides } from "./support/sides.ts";
import type { Sides } from "./support/sides.ts";
import { discardSnapshots, snapshotDestination } from "./support/rollback.ts";
import { readSource, sourceRead } from "./support/source-access.ts";
import { leaseSource, releaseSource } from "./support/source-lease.ts";
import { callStorage, orTransient, toFailure } from "./support/storage-call.ts";

/**
 * Acquires the destination's lock or joins its queue, reads both sides, and returns a plan or the reason not to start a
 * copy.
 */
export function prepareCopy(
  deps: ActivityDependencies,
  input: PrepareInput,
  context: ActivityContext,
): Promise<PrepareResult> {
  return orTransient(() => prepare(deps, input, context));
}

async function prepare(
  deps: ActivityDependencies,
  input: PrepareInput,
  context: ActivityContext,
): Promise<PrepareResult> {
  const { copy, instanceId } = input;
  const sides = openSides(deps, input);
  const denial = checkCopy(deps, copy);
  if (denial !== null) {
    const ended = await findEnd(deps, input, context, { isAllowed: false });
    return ended ?? { kind: "failed", failure: denial };
  }
  if (input.awaitedCopyId !== undefined) {
    const ended = await findEnd(deps, input, context, { isAllowed: true });
    const awaited = ended ?? (await readAwaitedSource(deps, input, sides));
    if (awaited !== null) return awaited;
  }
  const lock = await acquireOrJoin(deps, input, context);
  // Read after the lock was acquired: a late prepare of a copy that has ended must not leave a lock behind.
  const end = await findEnd(deps, input, context, { isAllowed: true });
  if (end !== null) return end;
  if (!lock.held) {
    const overtaken = await skipIfOvertaken(deps, input, sides);
    if (overtaken !== null) return overtaken;
    // Only the log names the other copy: with its id, a caller could read and abort it.
    if (lock.holder !== null) {
      context.log(`Copy ${instanceId} finds that copy ${lock.holder} writes to its destination`);
    }
    return await withPosition(deps, input, heldByAnother(copy));
  }

  const decision = await decideOrReplace(deps, input, sides);
  if (decision.kind === "busy" && decision.endpoint === "source") {
    // A client that writes to the source must not block all other copies to the destination.
    const undone = await undoFormerPlan(deps, input, sides);
    if (undone.kind === "transient-failure") return undone;
    if (undone.kind === "undone") await giveWay(deps, input, context);
  }
  if (decision.kind !== "planned") return decision;
  const leaseFailure = await leaseSource(deps, input, sides);
  if (leaseFailure !== null) return leaseFailure;
  if (copy.options.rollback === "off") return decision;
  const destination = sides.destination();
  const result = await snapshotDestination(deps, input, { plan: decision.plan, destination });
  return result.kind === "planned" && isOntoItself(copy.source, copy.destination)
    ? { kind: "planned", plan: fromSnapshot(result.plan) }
    : result;
}

/** The copy has an outcome already, or its abort was requested; null if neither. */
async function findEnd(
  deps: ActivityDependencies,
  input: PrepareInput,
  context: ActivityContext,
  { isAllowed }: { isAllowed: boolean },
): Promise<PrepareResult | null> {
  const { copy, instanceId } = input;
  const record = await deps.ledger.readRecord(instanceId);
  if (record !== null && record.outcome !== null) {
    await freeDestination(deps, { instanceId, copy: pickEndpoints(copy) }, context);
    // Also release a lease that an earlier, crashed attempt took.
    const released = await releaseSource(deps, input, openSides(deps, input), { isAllowed });
    return released.kind === "transient-failure"
      ? released
      : { kind: "ended", outcome: record.outcome };
  }
  // Also when the abort's event was lost with an earlier instance of this id.
  return record?.abortRequested === true ? { kind: "abort-requested" } : null;
}

/**
 * While a copy waits for its source, it reads only the source, and leaves the lock to others. Null if it no longer has
 * to wait.
 */
async function readAwaitedSource(
  deps: ActivityDependencies,
  input: PrepareInput,
  sides: Sides,
): Promise<Busy | null> {
  const { copy } = input;
  const read = await callStorage(deps, sourceRead(copy, sides), () =>
    readSource(deps, copy, sides),
  );
  return read.ok && read.value.seen !== null ? waitForSource(copy, read.value.seen) : null;
}

/**
 * Removes what an earlier plan of this copy took: the lease on the source, and the snapshot. "in-use": a start attempt
 * may still need it.
 */
async function undoFormerPlan(
  deps: ActivityDependencies,
  input: PrepareInput,
  sides: Sides,
): Promise<{ kind: "undone" | "in-use" } | TransientFailure> {
  const { copy, instanceId } = input;
  const takesSnapshots = copy.options.rollback !== "off";
  if (copy.leasesSource !== true && !takesSnapshots) return { kind: "undone" };
  if ((await deps.ledger.lockUse(copy.destination, instanceId)) !== "unused") {
    return { kind: "in-use" };
  }
  const released = await releaseSource(deps, input, sides, { isAllowed: true });
  if (released.kind === "transient-failure") return released;
  const discarded = takesSnapshots
    ? await discardSnapshots(deps, input, sides.destination())
    : null;
  return discarded ?? { kind: "undone" };
}

/** Adds whether the copy is the first in the queue, if the input asks for it. */
async function withPosition(
  { ledger, now }: ActivityDependencies,
  { copy, instanceId, asksPosition }: PrepareInput,
  result: PrepareResult,
): Promise<PrepareResult> {
  if (result.kind !== "busy" || asksPosition !== true) return result;
  const position = await ledger.queue.position(copy.destination, instanceId, now());
  return position.isFirst ? { ...result, isFirst: true } : result;
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
async function skipIfOvertaken(
  deps: ActivityDependencies,
  { copy, awaitedCopyId }: PrepareInput,
  sides: Sides,
): Promise<PrepareResult | null> {
  if (copy.event === undefined) return null;
  const read = await callStorage(deps, sourceRead(copy, sides), () =>
    readSource(deps, copy, sides),
  );
  if (!read.ok || read.value.seen === null) return null;
  return skipStaleEvent({ ...copy, awaited: awaitedCopyId }, read.value.seen);
}

/** Decides; if a copy that is not ours must be replaced, aborts it and decides again. */
async function decideOrReplace(
  deps: ActivityDependencies,
  input: PrepareInput,
  sides: Sides,
): Promise<Exclude<PrepareResult, { kind: "ended" | "abort-requested" }>> {
  const { ledger } = deps;
  const { copy, instanceId } = input;
  const decision = await readAndDecide(deps, input, sides);
  if (decision.kind !== "replace") return decision;
  // Read after the destination: if the pending copy were ours, its start attempt would be in the lock. When this
  // activity runs late, it must not abort the copy that its own orchestration started.
  if ((await ledger.lockUse(copy.destination, instanceId)) !== "unused") return decision.otherwise;
  const abortFailure = await abortOther(deps, sides, decision.copyId);
  if (abortFailure !== null) return abortFailure;
  const afterwards = await readAndDecide(deps, input, sides);
  return afterwards.kind === "replace" ? afterwards.otherwise : afterwards;
}

/** Another Ferry copy holds the lock. It is never replaced: no request aborts another request's copy. */
function heldByAnother({ destination, options }: CopyInput): PrepareResult {
  const message = `Cannot copy onto the destination because another Ferry copy writes to it: ${endpointUrl(destination)}`;
  const reason = failure("destination-busy", message);
  if (options.ifBusy === "fail") return { kind: "failed", failure: reason };
  const waitsFor = "Waiting for another Ferry copy, which writes to the destination";
  return { kind: "busy", endpoint: "destination", waitsFor, failure: reason };
}

/** Reads both sides and decides. */
async function readAndDecide(
  deps: ActivityDependencies,
  { copy, awaitedCopyId }: PrepareInput,
  sides: Sides,
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
  const decision = decide({ ...copy, awaited: awaitedCopyId }, seen, destinationResult.value);
  if (decision.kind !== "planned") return decision;
  const plannedAt = toIso(deps.now());
  return {
    kind: "planned",
    plan: { ...decision.plan, plannedAt, ...(minted === null ? {} : { mintedSas: minted }) },
  };
}

/**
 * If the caller wants to wait: waits for the pending copy because of which Storage refuses to read the destination.
 * `replace` waits, too: without the properties, the copyId to abort is unknown.
 */
function refusedDestination({ options }: CopyInput, verdict: Verdict): Decision | TransientFailure {
  const { failure: reason } = verdict;
  if (reason.cause !== "destination-busy" || options.ifBusy === "fail") return toFailure(verdict);
  const waitsFor = "Waiting for a pending copy onto the destination to end";
  return { kind: "busy", endpoint: "destination", waitsFor, failure: reason };
}

/**
 * Aborts a copy that is not ours; null when it is aborted or no longer pending. Its copyId is sent along, so
 * Storage refuses the call if another copy is pending by now ("Abort Copy Blob", 409).
 */
async function abortOther(
  deps: ActivityDependencies,
  sides: Sides,
  copyId: CopyId,
): Promise<ReturnType<typeof toFailure> | null> {
  const destination = sides.destination();
  const action = `abort copy ${copyId} onto ${endpointUrl(destination.endpoint)}`;
  const aborted = await callStorage(deps, { call: "abort", action, side: destination }, () =>
    deps.client.abort(destination, copyId),
  );
  return aborted.ok || isNothingToAbort(aborted.response) ? null : toFailure(aborted.verdict);
}
