import { copyNotFound, findView, parseInstanceId } from "./get-copy.ts";
import type { CopyDependencies } from "./get-copy.ts";
import { readHistory } from "../../instances/read-history.ts";
import { buildTimeline } from "../../instances/timeline.ts";
import { repairInstanceId } from "../../names.ts";
import type { HttpHandler } from "./http-handler.ts";

/**
 * GET /copies/{id}/timeline: the copy's timeline, from Durable's history while it is kept, otherwise from the ledger.
 */
export function copyTimeline(deps: CopyDependencies): HttpHandler {
  return async (request, client) => {
    const id = parseInstanceId(request);
    const view = id === null ? null : await findView(deps, request, client);
    if (id === null || view === null) return copyNotFound();
    const [own, repair] = await Promise.all([
      readHistory(client, id),
      readHistory(client, repairInstanceId(id)),
    ]);
    const timeline = buildTimeline(view, { own, repair });
    return { jsonBody: timeline, headers: { "cache-control": "no-store" } };
  };
}
