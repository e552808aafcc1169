import type { HttpResponseInit } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import type { InstanceId } from "../../copy/contract/ids.ts";
import { problem } from "../../http/problem.ts";
import type { FoundInstance } from "../../instances/find-instance.ts";
import { readOwnInstance, readRepairInstance } from "../../instances/find-instance.ts";
import { purgeInstance } from "../../instances/purge-instance.ts";
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
    const instance = await findCopy(deps, request, client);
    // Only the record is left if an earlier DELETE was interrupted.
    const recorded = instance === null ? await findRecorded(deps, request) : null;
    if (instance === null && recorded === null) return copyNotFound();
    const reason = instance === null ? null : await reasonToWait(deps, client, instance);
    if (reason !== null) return notEnded(reason);
    const claim = instance?.copy.claim ?? recorded?.claim ?? null;
    // The claim is closed first: otherwise, after the copy is deleted, it would start the copy again.
    if (claim !== null) await deps.ledger.closeClaim(claim, id, deps.now());
    if (!(await purgeHistories(client, id))) return notEnded(stillRunning);
    await deps.ledger.records.forget(id, deps.now());
    return { status: 204, headers: { "cache-control": "no-store" } };
  };
}

const stillRunning = "its orchestration is still sending notifications or recording its outcome";

/** Returns why the copy cannot be deleted yet; null if it can. Completes "Cannot delete the copy because …". */
async function reasonToWait(
  { ledger }: CopyDependencies,
  client: DurableClient,
  { id, copy, execution }: FoundInstance,
): Promise<string | null> {
  if (execution.kind === "running") return "it has not ended; abort it first, or wait";
  const own = await readOwnInstance(client, id);
  const repair = await readRepairInstance(client, id);
  if (own?.execution.kind === "running" || repair?.execution.kind === "running") {
    return stillRunning;
  }
  // A lock whose copy is unknown would be mistaken for a copy that Durable has lost.
  if ((await ledger.readLock(copy.destination))?.instanceId === id) {
    return "its destination is not released yet; the watchdog releases it within minutes";
  }
  if (await ledger.outbox.has(id)) return "its notification has not been delivered yet";
  return null;
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
