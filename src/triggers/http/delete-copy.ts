import type { HttpResponseInit } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import type { CopyInput } from "../../copy/contract/activities.ts";
import type { InstanceId } from "../../copy/contract/ids.ts";
import { buildOutcome } from "../../copy/contract/outcome.ts";
import type { Outcome } from "../../copy/contract/outcome.ts";
import { parseTime } from "../../copy/time.ts";
import { problem } from "../../http/problem.ts";
import { brokenInstance } from "../../instances/copy-view.ts";
import type { FoundInstance } from "../../instances/find-instance.ts";
import { readOwnInstance, readRepairInstance } from "../../instances/find-instance.ts";
import { purgeInstance } from "../../instances/purge-instance.ts";
import type { HeldLock, Ledger, Place } from "../../ledger/ledger.ts";
import { emptyRecord, withOutcome, withPlace } from "../../ledger/record.ts";
import type { FoundRecord } from "../../ledger/record.ts";
import { repairInstanceId } from "../../names.ts";
import { copyNotFound, findCopy, findRecorded, parseInstanceId } from "./get-copy.ts";
import type { CopyDependencies } from "./get-copy.ts";
import type { HttpHandler } from "./http-handler.ts";

/**
 * DELETE /copies/{id}: 204 when the ended copy and its history are deleted; 409 while it has not ended, or while its
 * end is still being processed. Its claim is kept, so that its Idempotency-Key or its event cannot start it again.
 */
export function deleteCopy(deps: CopyDependencies): HttpHandler {
  return async (request, client) => {
    const id = parseInstanceId(request);
    if (id === null) return copyNotFound();
    const { ledger } = deps;
    const instance = await findCopy(deps, request, client);
    // Only the record is left if an earlier DELETE was interrupted, or if the history was purged in Durable.
    const recorded = instance === null ? await findRecorded(deps, request) : null;
    if (instance === null && recorded === null) return copyNotFound();
    const lock = recorded?.record.lock ?? null;
    const place: Place | null =
      instance === null ? (lock === null ? null : { lock }) : instance.copy;
    const known = instance === null ? null : await ledger.records.read(id);
    const reason = await reasonToWait(deps, client, { id, instance, place });
    if (reason !== null) return notEnded(reason);
    // First: without an outcome, the open claim would start the copy again after its history is purged.
    if (instance !== null && !(await recordEnd(deps, instance, known)))
      return notEnded(stepRunning);
    if (!(await purgeHistories(client, id))) return notEnded(stillRunning);
    const claim = instance?.copy.claim ?? recorded?.record.claim ?? null;
    if (claim !== null) await ledger.closeClaim(claim, id, deps.now());
    // A copy that was terminated while it waited is still in the queue.
    if (place !== null) await ledger.queue.leave(place, id);
    await ledger.records.forget(id, deps.now());
    // A step that was still running may have added a notification since the check above.
    await ledger.outbox.remove(id);
    return { status: 204, headers: { "cache-control": "no-store" } };
  };
}

const stillRunning = "its orchestration is still sending notifications or recording its outcome";

const stepRunning = "one of its steps is still running, although its orchestration was terminated";

/** Returns why the copy cannot be deleted yet; null if it can. Completes "Cannot delete the copy because …". */
async function reasonToWait(
  { ledger }: CopyDependencies,
  client: DurableClient,
  { id, instance, place }: { id: InstanceId; instance: FoundInstance | null; place: Place | null },
): Promise<string | null> {
  if (instance?.execution.kind === "running") return "it has not ended";
  const own = await readOwnInstance(client, id);
  const repair = await readRepairInstance(client, id);
  if (own?.execution.kind === "running" || repair?.execution.kind === "running") {
    return stillRunning;
  }
  // A lock whose copy is unknown would be mistaken for a copy that Durable has lost.
  if (place !== null && (await readLock(ledger, place))?.instanceId === id) {
    return "its destination is not released yet; the watchdog releases it within minutes";
  }
  if (await ledger.outbox.has(id)) return "its notification has not been delivered yet";
  return null;
}

function readLock(ledger: Ledger, place: Place): Promise<HeldLock | null> {
  return "lock" in place ? ledger.lockScan.read(place.lock) : ledger.readLock(place.destination);
}

/**
 * Records how the copy ended, if its record does not contain that: its instance was terminated before its first step.
 * `known`: the record, read before the lock. A step acquires the lock before it registers an attempt, so no attempt
 * can be in flight if no copy held the lock and the record has not changed since. False if it has changed.
 */
async function recordEnd(
  { ledger }: CopyDependencies,
  { id, copy, execution }: FoundInstance,
  known: FoundRecord | null,
): Promise<boolean> {
  if (execution.kind === "running") return false;
  if (known !== null && known.outcome !== null) return true;
  const outcome =
    execution.kind === "ended" ? execution.outcome : brokenOutcome(id, copy, execution.at);
  const ended = withOutcome(withPlace(known ?? emptyRecord, copy), outcome);
  return (await ledger.records.write(id, ended, known?.etag ?? null)) !== null;
}

function brokenOutcome(id: InstanceId, { createdAt }: CopyInput, at: string): Outcome {
  const result = { kind: "not-started", failure: brokenInstance(id) } as const;
  const record = { abortRequested: false, startedAt: null, statusReads: 0 };
  const details = { copyId: null, record, residue: [], settledAt: parseTime(at), createdAt };
  return buildOutcome(result, details);
}

/** Purges the copy's instances; false if one has not ended. */
async function purgeHistories(client: DurableClient, id: InstanceId): Promise<boolean> {
  const repair = await purgeInstance(client, repairInstanceId(id));
  const own = await purgeInstance(client, id);
  return repair === "purged" && own === "purged";
}

function notEnded(reason: string): HttpResponseInit {
  const headers = { "retry-after": "10" };
  return problem("not-ended", `Cannot delete the copy because ${reason}`, { headers });
}
