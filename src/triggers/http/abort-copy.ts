import type { DurableClient } from "durable-functions";
import type { EpochMs } from "../../copy/time.ts";
import { copyResponse } from "../../http/copy-response.ts";
import { copyView } from "../../instances/copy-view.ts";
import { problem } from "../../http/problem.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { events, repairInstanceId } from "../../names.ts";
import { findInstance } from "../../instances/find-instance.ts";
import type { FoundInstance } from "../../instances/find-instance.ts";
import { copiesPath } from "./method-router.ts";
import type { HttpHandler } from "./method-router.ts";
import { parseInstanceId, copyNotFound } from "./get-copy.ts";
import { recordFrom, startRepair } from "../../instances/repair-instance.ts";

/**
 * POST /copies/{id}/abort: 202 when the abort was passed to the copy, 200 when the copy is already aborted, 409 when
 * it has ended with another status. The copy becomes `aborted` only after Storage has confirmed it.
 */
export function abortCopy({ ledger, now }: { ledger: Ledger; now(): EpochMs }): HttpHandler {
  return async (request, client) => {
    const id = parseInstanceId(request);
    const instance = id === null ? null : await findInstance(client, ledger, id);
    if (id === null || instance === null) return copyNotFound();
    const view = copyView(instance, copiesPath(request));
    const place = { url: request.url, now: now() };
    if (view.status === "aborted") return copyResponse(200, view, place);
    if (instance.execution.kind !== "running") {
      return problem(
        "already-ended",
        `The copy has already ended with the status "${view.status}"`,
      );
    }
    // One event is enough: more would only lengthen the history.
    const listenerId = instance.listenerId ?? (await repairToAbort(client, ledger, instance));
    if (listenerId !== null && !view.abortRequested) {
      await client.raiseEvent(listenerId, events.abort, null);
    }
    const aborting = {
      ...view,
      status: "aborting",
      abortRequested: true,
      nextReadAt: null,
    } as const;
    return copyResponse(202, aborting, place);
  };
}

/**
 * Starts a repair that aborts the copy, because an instance that failed or was terminated receives no events. Returns
 * the instance to send the event to if another caller has already started the repair; null if no event is needed.
 */
async function repairToAbort(
  client: DurableClient,
  ledger: Ledger,
  { id, copy, customStatus }: FoundInstance,
): Promise<string | null> {
  const lock = await ledger.readLock(copy.destination);
  if (lock?.instanceId !== id) return null; // it has been settled by now
  const record = { ...recordFrom(customStatus), abortRequested: true };
  return (await startRepair(client, { lock, copy, record })) ? null : repairInstanceId(id);
}
