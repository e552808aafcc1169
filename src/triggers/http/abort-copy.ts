import type { DurableClient } from "durable-functions";
import { copyAnswer } from "../../http/copy-response.ts";
import { copyView } from "../../instances/copy-view.ts";
import { problem } from "../../http/problem.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { events, repairIdOf } from "../../names.ts";
import { findRun } from "../../instances/find-instance.ts";
import type { FoundRun } from "../../instances/find-instance.ts";
import { copiesPath } from "./method-router.ts";
import type { Answer } from "./method-router.ts";
import { copyIdOf, noSuchCopy } from "./get-copy.ts";
import { recordOf, startRepair } from "../../instances/repair-instance.ts";

/**
 * POST /copies/{id}/abort: 202 when the abort was handed to the copy, 200 when it is aborted already,
 * 409 when it ended otherwise. The copy proves its abort at Storage before it says `aborted`.
 */
export function abortCopy({ ledger, now }: { ledger: Ledger; now(): Date }): Answer {
  return async (request, client) => {
    const id = copyIdOf(request);
    const run = id === null ? null : await findRun(client, ledger, id);
    if (id === null || run === null) return noSuchCopy();
    const view = copyView(run, copiesPath(request));
    const place = { url: request.url, now: now().getTime() };
    if (view.status === "aborted") return copyAnswer(200, view, place);
    if (run.ending.kind !== "running") {
      return problem(
        "already-ended",
        `The copy ended as "${view.status}"; there is nothing to abort`,
      );
    }
    // One event is enough: each more would only lengthen the history.
    const heard = run.hears ?? (await repairToAbort(client, ledger, run));
    if (heard !== null && !view.abortRequested) await client.raiseEvent(heard, events.abort, null);
    const aborting = {
      ...view,
      status: "aborting",
      abortRequested: true,
      nextReadAt: null,
    } as const;
    return copyAnswer(202, aborting, place);
  };
}

/**
 * A broken run hears nothing: its copy is handed to a repair that aborts it from its first look on.
 * Tells who is to hear of the abort where somebody else was faster.
 */
async function repairToAbort(
  client: DurableClient,
  ledger: Ledger,
  { id, copy, state }: FoundRun,
): Promise<string | null> {
  const slot = await ledger.slotOf(copy.destination);
  if (slot?.instanceId !== id) return null; // it has come to its end meanwhile
  const record = { ...recordOf(state), abortRequested: true };
  return (await startRepair(client, { slot, copy, record })) ? null : repairIdOf(id);
}
