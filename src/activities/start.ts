import { plusMs } from "../copy/time.ts";
import { endpointUrl } from "../copy/location/endpoint.ts";
import { failure } from "../copy/contract/failure.ts";
import type { Failure } from "../copy/contract/failure.ts";
import { timeOfId } from "../copy/contract/ids.ts";
import { maxFirstStartMs } from "../copy/contract/request-rules.ts";
import { pickEndpoints } from "../copy/contract/activities.ts";
import type {
  ActivityContext,
  CopyPlan,
  KeptEtags,
  NotStarted,
  StartInput,
  StartResult,
} from "../copy/contract/activities.ts";
import type { KnownRecord } from "../ledger/ledger.ts";
import {
  isClosed,
  isDeleted,
  mayBeStarted,
  newRecord,
  unansweredPlans,
  withAttempt,
  withPlace,
} from "../ledger/record.ts";
import type { CopyRecord } from "../ledger/record.ts";
import type { ActivityDependencies } from "./support/dependencies.ts";
import { checkCopy, notAllowed } from "./support/access.ts";
import { acquireOrJoin, freeDestination, giveLockBack } from "./support/destination-queue.ts";
import {
  decideOrReplace,
  heldByAnother,
  readAwaitedSource,
  securePlan,
  skipIfOvertaken,
} from "./starting/plan-copy.ts";
import { discardSnapshots } from "./support/rollback.ts";
import { horizonMs, sendStart } from "./starting/send-start.ts";
import { refuse, settleIfEnded } from "./settle-in-start.ts";
import { findEnd, giveBack, otherRequest, resume } from "./starting/resume.ts";
import type { Step } from "./support/step.ts";
import { openSides } from "./support/sides.ts";
import { releaseSource } from "./support/source-lease.ts";
import { orTransient, transientFailure } from "./support/storage-call.ts";

/**
 * Plans and starts the copy:
 *
 * 1. Acquire the destination's lock, or join its queue.
 * 2. Read the source and the destination, and decide. The lock comes first: a copy that started, ended and freed the
 *    destination between the read and the lock would be mistaken for ours, or overwritten.
 * 3. Register the attempt in the copy's record, on the condition that the record has not changed.
 * 4. Start the copy under the conditions of the plan. If Storage completed it, or may have completed a small one since, read
 *    its status; if it is complete, settle it.
 *
 * The orchestration numbers the attempts. A second run of the same attempt finds it in the record: it only looks for the
 * copy that it may have started, and neither plans nor starts one. A later attempt starts a copy only when the earlier
 * one can no longer arrive. When a copy is settled or aborted, its record changes, so no attempt can be registered.
 */
export function startCopy(
  deps: ActivityDependencies,
  input: StartInput,
  context: ActivityContext,
): Promise<StartResult> {
  return orTransient(async () => {
    const result = await orTransient(() => start(deps, input, context));
    // A copy that is retried gets a record, so that the purge finds it even if its instance fails before the next
    // attempt. A late copy gets none, because the next attempt would mistake the record for that of an early start.
    if (result.kind !== "transient-failure" || isLate(deps, input)) return result;
    const record = await listCopy(deps, input);
    if (isDeleted(record)) {
      // No later run releases the lock or removes the queue entry of this run.
      const ended = { instanceId: input.instanceId, copy: pickEndpoints(input.copy) };
      await freeDestination(deps, ended, { context, lock: null });
    }
    return result;
  });
}

/** Writes the record of the copy, unless it has one. */
async function listCopy(
  { ledger }: ActivityDependencies,
  { instanceId, copy }: StartInput,
): Promise<KnownRecord> {
  return await ledger.records.change(instanceId, undefined, (record) => {
    const known = withPlace(record, copy);
    return known === record ? null : known;
  });
}

async function start(
  deps: ActivityDependencies,
  input: StartInput,
  context: ActivityContext,
): Promise<StartResult> {
  const { instanceId, kept } = input;
  const { rollback } = input.copy.options;
  const { records } = deps.ledger;
  const step: Step = { deps, input, context, sides: openSides(deps, input) };
  const denial = checkCopy(deps, input) ?? (await refuseLateStart(deps, input));
  if (denial !== null) {
    // If an earlier attempt has started the copy, settle finds it.
    const unsafe = { isAllowed: false, isHeld: false };
    const end = await findEnd(step, await records.read(instanceId), unsafe);
    return end ?? { kind: "failed", failure: denial };
  }
  if (input.awaitedCopyId !== undefined) {
    const record = await records.read(instanceId);
    // Only the holder of the lock removes a snapshot that an earlier run may have left.
    const mustClean = record !== null && record.outcome !== null && rollback !== "off";
    const ended = mustClean ? null : await findEnd(step, record, { isHeld: false });
    if (ended !== null) return ended;
    const isStarted = mustClean || (record !== null && mayBeStarted(record));
    const awaited = isStarted
      ? null
      : await readAwaitedSource(deps, input, { sides: step.sides, record });
    if (awaited !== null) return withKept(awaited, { lock: null, record }, record);
  }
  const lock = await acquireOrJoin(deps, input, context);
  if (!lock.held && lock.holder === instanceId) return otherRequest();
  if (!lock.held) return await waitForLock(step, lock.holder);
  // If the lock is new and there was no earlier attempt, the record is not read: if one exists, the write fails.
  const isFirst = lock.isNew && (kept === null ? input.attempt === 1 : kept.record === null);
  const record = isFirst ? null : await records.read(instanceId);
  if (record?.releasedLock === lock.etag) {
    // Another run has excluded all attempts under this lock. It may have been killed before it released the lock.
    await giveLockBack(deps, input, { context, lock: lock.etag });
    const message = `Cannot start the copy now because another run has released its lock: ${instanceId}`;
    return transientFailure(failure("internal", message));
  }
  await giveBack(step, record, lock.etag);
  const resumed = await resume(step, record);
  if (resumed !== null) return resumed;
  const result = await planAndStart(step, { lock: lock.etag, record });
  // A late run of a copy that has ended must release the lock that it has just acquired.
  const isUnchecked = isFirst && !("kept" in result || result.kind === "settled");
  if (!isUnchecked) return result;
  const now = await records.read(instanceId);
  await giveBack(step, now, lock.etag);
  return (await findEnd(step, now)) ?? result;
}

/**
 * A client with the key of the task hub can invent an id with any time. A copy with an old id would come first in every
 * queue, and the id determines the date in the destination of a route.
 */
async function refuseLateStart(
  deps: ActivityDependencies,
  input: StartInput,
): Promise<Failure | null> {
  if (!isLate(deps, input) || (await deps.ledger.records.read(input.instanceId)) !== null) {
    return null;
  }
  return notAllowed(
    "it was requested more than three days ago and never started; send the request again, with a new Idempotency-Key",
  );
}

/** Returns true if only a copy that has a record, because it was started earlier, may be started now. */
function isLate({ now }: ActivityDependencies, { instanceId }: StartInput): boolean {
  return now() - timeOfId(instanceId) > maxFirstStartMs;
}

type Held = { lock: string; record: KnownRecord | null };

async function planAndStart(step: Step, { lock, record }: Held): Promise<StartResult> {
  const { deps, input, sides } = step;
  const { copy, instanceId } = input;
  const { records } = deps.ledger;
  // The settings allow the copy now.
  const known: CopyRecord = {
    ...(record ?? newRecord(copy)),
    leasesSource: copy.leasesSource === true,
  };
  const decision = await decideOrReplace(deps, input, {
    sides,
    record,
    async isUnused() {
      const now = await records.read(instanceId);
      return (now?.etag ?? null) === (record?.etag ?? null);
    },
  });
  if (decision.kind === "transient-failure") return decision;
  if (decision.kind === "busy") return await waitWithLock(step, decision, { lock, record });
  if (decision.kind !== "planned") return await refuse(step, decision, { lock, record });
  const secured = await securePlan(deps, input, { sides, plan: decision.plan });
  if (secured.kind === "transient-failure") return secured;
  if (secured.kind === "failed") return secured;
  const { plan } = secured;
  const run = deps.newGuid();
  const until = plusMs(deps.now(), horizonMs);
  const registered = withAttempt(known, plan, {
    number: input.attempt,
    run,
    until,
    isAnswered: false,
  });
  const written = await register(step, registered, record?.etag ?? null);
  if (written === null) return await giveUpPlan(step, plan, { isOurSnapshot: secured.isNew });
  const attempt = { record: written, plan, lock, until, sides };
  const sent = await sendStart(deps, input, attempt);
  return sent.kind === "started" ? await settleIfEnded(step, sent) : sent;
}

/** Writes the record; null if another write came first, or has closed the record in the meantime. */
async function register(
  { deps: { ledger }, input: { instanceId } }: Step,
  record: CopyRecord,
  etag: string | null,
): Promise<KnownRecord | null> {
  const written = await ledger.records.write(instanceId, record, etag);
  if (written !== null) return { ...record, etag: written };
  // The SDK repeats a write whose response was lost, and the second one fails.
  const found = await ledger.records.read(instanceId);
  const isOurs = found?.attempt?.run === record.attempt?.run;
  return isOurs && found !== null && !isClosed(found) ? found : null;
}

/** Another run, an abort or the end of the copy came first: removes the snapshot of this run, and starts nothing. */
async function giveUpPlan(
  step: Step,
  plan: CopyPlan,
  { isOurSnapshot }: { isOurSnapshot: boolean },
): Promise<StartResult> {
  const { deps, input, sides } = step;
  const record = await deps.ledger.records.read(input.instanceId);
  if (isOurSnapshot && plan.snapshot !== undefined && record?.plan?.snapshot !== plan.snapshot) {
    await deps.client.removeSnapshot(sides.destination(), plan.snapshot);
  }
  if (record !== null && record.settlement !== null) {
    // Settle may have released the lease before this run took it.
    const released = await releaseSource(deps, input, sides, { isAllowed: true });
    if (released.kind === "transient-failure") return released;
  }
  const resumed = await resume(step, record);
  if (resumed !== null) return resumed;
  const message = `Cannot start the copy now because its record has changed: ${endpointUrl(input.copy.destination)}`;
  return transientFailure(failure("internal", message));
}

/** Another Ferry copy writes to the destination. */
async function waitForLock(step: Step, holder: string | null): Promise<StartResult> {
  const { deps, input, context, sides } = step;
  const { copy, instanceId, kept } = input;
  const busy = heldByAnother(copy);
  // Only the log names the other copy: with its id, a caller could read and abort it.
  if (holder !== null) {
    context.log(`Copy ${instanceId} finds that copy ${holder} writes to its destination`);
  }
  if (busy.kind === "failed" && (kept === null ? input.attempt === 1 : kept.record === null)) {
    return { ...busy, kept: { lock: null, record: null } };
  }
  // A waiting copy gets a record, so that the purge finds it. The record also shows an abort whose event was lost.
  const record = await listCopy(deps, input);
  const end = await findEnd(step, record, { isHeld: false });
  if (end !== null) return end;
  const overtaken = await skipIfOvertaken(deps, input, { sides, record });
  if (overtaken !== null) return withKept(overtaken, { lock: null, record }, record);
  if (busy.kind === "failed" || input.asksPosition !== true) {
    return withKept(busy, { lock: null, record }, record);
  }
  const position = await deps.ledger.queue.position(copy.destination, instanceId, deps.now());
  const result = position.isFirst ? ({ ...busy, isFirst: true } as const) : busy;
  return withKept(result, { lock: null, record }, record);
}

/**
 * The source or the destination has a pending copy of another client. A client that writes to the source must not block
 * all other copies to the destination, so the lock is then released, after a write to the record that prevents other
 * runs from registering an attempt under it.
 */
async function waitWithLock(
  step: Step,
  busy: Extract<NotStarted, { kind: "busy" }>,
  { lock, record }: Held,
): Promise<StartResult> {
  const { deps, input, context, sides } = step;
  const { copy, instanceId } = input;
  // The decision was about this pending copy, so the event is about it.
  const { awaitedCopyId = record?.awaitedCopyId ?? null } = busy;
  const known: CopyRecord = { ...(record ?? newRecord(copy)), awaitedCopyId };
  if (busy.endpoint === "destination" && record !== null) {
    return withKept(busy, { lock, record }, known);
  }
  const keepsLock = busy.endpoint === "destination" || unansweredPlans(known).length > 0;
  const content: CopyRecord = keepsLock ? known : { ...known, releasedLock: lock };
  const etag = await deps.ledger.records.write(instanceId, content, record?.etag ?? null);
  if (etag === null) {
    const resumed = await resume(step, await deps.ledger.records.read(instanceId));
    const message = `Cannot wait for the other copy now because the record has changed: ${instanceId}`;
    return resumed ?? transientFailure(failure("internal", message));
  }
  const written = { ...content, etag };
  if (keepsLock) return withKept(busy, { lock, record: written }, content);
  const released = await releaseSource(deps, input, sides, { isAllowed: true });
  if (released.kind === "transient-failure") return released;
  if (copy.options.rollback !== "off") {
    const discarded = await discardSnapshots(deps, input, sides.destination());
    if (discarded !== null) return discarded;
  }
  await freeDestination(deps, { instanceId, copy: pickEndpoints(copy) }, { context, lock });
  return withKept(busy, { lock: null, record: written }, content);
}

/** Adds the ETags, unless the copy may have been started: then the next step reads the record. */
function withKept(
  result: NotStarted,
  { lock, record }: { lock: string | null; record: { etag: string } | null },
  content: CopyRecord | null,
): StartResult {
  if (content !== null && mayBeStarted(content)) return result;
  const kept: KeptEtags = { lock, record: record?.etag ?? null };
  return { ...result, kept };
}
