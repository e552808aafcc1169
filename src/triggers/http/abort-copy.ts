import type { DurableClient } from "durable-functions";
import { copyResponse } from "../../http/copy-response.ts";
import { copyView } from "../../instances/copy-view.ts";
import { problem } from "../../http/problem.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { events, repairInstanceId } from "../../names.ts";
import { findInstance } from "../../instances/find-instance.ts";
import type { FoundInstance } from "../../instances/find-instance.ts";
import { copiesPath } from "./method-router.ts";
import type { HttpHandler } from "./method-router.ts";
import { copyIdOf, copyNotFound } from "./get-copy.ts";
import { recordFrom, startRepair } from "../../instances/repair-instance.ts";

/**
 * POST /copies/{id}/abort: 202 when the abort was handed to the copy, 200 when it is aborted already,
 * 409 when it ended otherwise. The copy proves its abort at Storage before it says `aborted`.
 */
export function abortCopy({ ledger, now }: { ledger: Ledger; now(): Date }): HttpHandler {
  return async (request, client) => {
    const id = copyIdOf(request);
    const run = id === null ? null : await findInstance(client, ledger, id);
    if (id === null || run === null) return copyNotFound();
    const view = copyView(run, copiesPath(request));
    const place = { url: request.url, now: now().getTime() };
    if (view.status === "aborted") return copyResponse(200, view, place);
    if (run.execution.kind !== "running") {
      return problem(
        "already-ended",
        `The copy ended as "${view.status}"; there is nothing to abort`,
      );
    }
    // One event is enough: each more would only lengthen the history.
    const heard = run.listenerId ?? (await repairToAbort(client, ledger, run));
    if (heard !== null && !view.abortRequested) await client.raiseEvent(heard, events.abort, null);
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
 * A broken run hears nothing: its copy is handed to a repair that aborts it from its first look on.
 * Tells who is to hear of the abort where somebody else was faster.
 */
async function repairToAbort(
  client: DurableClient,
  ledger: Ledger,
  { id, copy, customStatus }: FoundInstance,
): Promise<string | null> {
  const lock = await ledger.readLock(copy.destination);
  if (lock?.instanceId !== id) return null; // it has come to its end meanwhile
  const record = { ...recordFrom(customStatus), abortRequested: true };
  return (await startRepair(client, { lock: lock, copy, record })) ? null : repairInstanceId(id);
}
