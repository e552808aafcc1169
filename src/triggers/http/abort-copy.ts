import type { HttpResponseInit } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import type { EpochMs } from "../../copy/time.ts";
import { withAbort } from "../../ledger/record.ts";
import { copyResponse } from "../../http/copy-response.ts";
import { copyView } from "../../instances/copy-view.ts";
import { problem } from "../../http/problem.ts";
import { events, repairInstanceId } from "../../names.ts";
import type { CopyInstance } from "../../instances/copy-instance.ts";
import type { FoundInstance } from "../../instances/find-instance.ts";
import { copiesPath } from "./method-router.ts";
import type { HttpHandler } from "./http-handler.ts";
import { copyNotFound, findCopy } from "./get-copy.ts";
import type { CopyDependencies } from "./get-copy.ts";
import { refuseBody } from "./read-json.ts";
import { knownStatus, recordFrom } from "../../instances/known-status.ts";
import { raiseEvent } from "../../instances/raise-event.ts";
import { startRepair } from "../../instances/start-repair.ts";

/**
 * POST /copies/{id}/abort: 202 when the abort was recorded and passed to the copy, 200 when the copy is already aborted,
 * 409 when it has ended with another status. The copy becomes `aborted` only after Storage has confirmed it. A body is
 * optional and not used, but must be JSON.
 */
export function abortCopy(deps: CopyDependencies): HttpHandler {
  return async (request, client) => {
    const refusal = await refuseBody(request);
    if (refusal !== null) return refusal;
    const instance = await findCopy(deps, request, client);
    if (instance === null) return copyNotFound();
    const place = { url: request.url, now: deps.now() };
    const path = copiesPath(request);
    if (instance.execution.kind !== "running") return endedResponse(instance, path, place);
    if (instance.listener?.isAborting !== true) {
      // Recorded first, so that a repair aborts the copy if its instance fails, is terminated or is purged after this
      // response.
      const { outcome } = await deps.ledger.records.change(instance.id, instance.record, (record) =>
        withAbort(record, instance.copy),
      );
      if (outcome !== null) {
        return endedResponse({ ...instance, execution: { kind: "ended", outcome } }, path, place);
      }
      await passAbort(client, instance);
    }
    const aborting = {
      ...copyView(instance, path),
      status: "aborting",
      abortRequested: true,
      nextReadAt: null,
    } as const;
    return copyResponse(202, aborting, place);
  };
}

function endedResponse(
  instance: CopyInstance,
  path: string,
  place: { url: string; now: EpochMs },
): HttpResponseInit {
  const view = copyView(instance, path);
  if (view.status === "aborted") return copyResponse(200, view, place);
  return problem("already-ended", `The copy has already ended with the status "${view.status}"`);
}

/**
 * Raises the event, or starts a repair that aborts the copy, because an instance that failed or was terminated receives
 * no events. One event is enough: more would only lengthen the history.
 */
async function passAbort(
  client: DurableClient,
  { id, copy, customStatus, listener, toRepair }: FoundInstance,
): Promise<void> {
  if (listener !== null) return await raiseEvent(client, listener.id, events.abort);
  if (toRepair === null) return;
  const known = knownStatus(customStatus, null, copy.createdAt);
  const record = { ...recordFrom(known), abortRequested: true };
  if (await startRepair(client, { instanceId: id, entry: toRepair, copy, record })) return;
  // Another caller or the watchdog has started the repair, perhaps before the abort was recorded.
  await raiseEvent(client, repairInstanceId(id), events.abort);
}
