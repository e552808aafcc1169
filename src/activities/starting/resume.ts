import { endpointUrl } from "../../copy/location/endpoint.ts";
import { failure } from "../../copy/contract/failure.ts";
import { pickEndpoints } from "../../copy/contract/activities.ts";
import type { StartResult } from "../../copy/contract/activities.ts";
import type { KnownRecord } from "../../ledger/ledger.ts";
import {
  isClosed,
  isDeleted,
  isOfOther,
  isUnanswered,
  unansweredPlans,
} from "../../ledger/record.ts";
import type { CopyRecord } from "../../ledger/record.ts";
import { notAllowed } from "../support/access.ts";
import { freeDestination } from "../support/destination-queue.ts";
import { adopt, findOurs } from "./find-ours.ts";
import { discardSnapshots } from "../support/rollback.ts";
import { releaseSource } from "../support/source-lease.ts";
import type { Step } from "../support/step.ts";
import { transientFailure } from "../support/storage-call.ts";

/**
 * The copy already has an outcome, its abort was requested, or its record belongs to a different request; otherwise
 * null.
 * `isHeld`: the run holds the destination's lock, without which Ferry changes no destination.
 */
export async function findEnd(
  { deps, input, context, sides }: Step,
  record: CopyRecord | null,
  { isAllowed = true, isHeld = true }: { isAllowed?: boolean; isHeld?: boolean } = {},
): Promise<StartResult | null> {
  const { copy, instanceId } = input;
  if (record === null) return null;
  if (isOfOther(record, copy)) return otherRequest();
  if (record.outcome !== null) {
    // A late run must leave neither a lease, a snapshot nor a lock behind.
    const released = await releaseSource(deps, input, sides, { isAllowed });
    const mayDiscard = isAllowed && isHeld && !isDeleted(record);
    if (mayDiscard && copy.options.rollback !== "off" && record.outcome.residue.length === 0) {
      const discarded = await discardSnapshots(deps, input, sides.destination());
      if (discarded !== null) return discarded;
    }
    const endpoints = pickEndpoints(copy);
    await freeDestination(deps, { instanceId, copy: endpoints }, { context, lock: null });
    if (released.kind === "transient-failure") return released;
    // A step that was running during the DELETE may have added it, and it contains the URLs.
    if (isDeleted(record)) await deps.ledger.outbox.remove(instanceId);
    // If an earlier run of this activity settled the copy, its notification is due.
    const isDue = copy.notifies === true && (await deps.ledger.outbox.has(instanceId));
    return { kind: isDue ? "settled" : "ended", outcome: record.outcome };
  }
  // The record also shows an abort whose event was lost with an earlier instance of this id.
  return record.abortRequested && !isUnanswered(record) && record.copyId === null
    ? { kind: "abort-requested" }
    : null;
}

/** The result of an input that differs from the one that was first started under its id. */
export function otherRequest(): StartResult {
  const reason = "something else was requested under its id, or with other options";
  return { kind: "failed", failure: notAllowed(reason) };
}

/** Returns the lock and the lease that this run has taken, if the record belongs to a different request. */
export async function giveBack(
  { deps, input, context, sides }: Step,
  record: KnownRecord | null,
  lock: string,
): Promise<void> {
  const { copy, instanceId } = input;
  if (record === null || !isOfOther(record, copy)) return;
  // Both requests would have the same lease, because the lease id is the id of the copy.
  if (!record.leasesSource) await releaseSource(deps, input, sides, { isAllowed: true });
  await freeDestination(deps, { instanceId, copy: pickEndpoints(copy) }, { context, lock });
}

/**
 * Returns the result if the record shows that this run must not plan: the copy has ended, is being settled, or was
 * started. Null if an attempt may be registered.
 */
export async function resume(step: Step, record: KnownRecord | null): Promise<StartResult | null> {
  if (record === null) return null;
  const { deps, input, sides } = step;
  const { copy, attempt, instanceId } = input;
  const end = await findEnd(step, record);
  if (end !== null) return end;
  if (record.settlement !== null) {
    const message = `Cannot start the copy because it is being settled: ${instanceId}`;
    return transientFailure(failure("internal", message));
  }
  if (record.copyId !== null && record.plan !== null) {
    return { kind: "started", started: { plan: record.plan, copyId: record.copyId } };
  }
  const isAgain = record.attempt !== null && record.attempt.number >= attempt;
  const plans = unansweredPlans(record);
  if (plans.length > 0) {
    const mayArrive = isUnanswered(record) && deps.now() < (record.attempt?.until ?? 0);
    const found = await findOurs(deps, input, { plans, destination: sides.destination() });
    if (found?.kind === "started") return await adopt(deps, input, found.started, record);
    if (mayArrive || found !== null) {
      const message = `Cannot start the copy again yet because its last start may still reach Storage: ${endpointUrl(copy.destination)}`;
      return found ?? transientFailure(failure("internal", message));
    }
  }
  if (isClosed(record)) return { kind: "abort-requested" };
  if (!isAgain) return null;
  const message = `Cannot repeat the start of the copy because another run has already registered it: ${endpointUrl(copy.destination)}`;
  return transientFailure(failure("internal", message));
}
