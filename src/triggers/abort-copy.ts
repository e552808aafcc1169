import { copyAnswer, copyView } from "../http/copy-view.ts";
import { problem } from "../http/problem.ts";
import { events } from "../names.ts";
import { findRun } from "./copy-run.ts";
import { copiesPath } from "./dispatch.ts";
import type { Answer } from "./dispatch.ts";
import { copyIdOf, noSuchCopy } from "./get-copy.ts";

/**
 * POST /copies/{id}/abort: 202 when the abort was handed to the copy, 200 when it is aborted already,
 * 409 when it ended otherwise. The copy proves its abort at Storage before it says `aborted`.
 */
export function abortCopy({ now }: { now(): Date }): Answer {
  return async (request, client) => {
    const id = copyIdOf(request);
    const run = id === null ? null : await findRun(client, id);
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
    if (!view.abortRequested) await client.raiseEvent(id, events.abort, null);
    const aborting = {
      ...view,
      status: "aborting",
      abortRequested: true,
      nextReadAt: null,
    } as const;
    return copyAnswer(202, aborting, place);
  };
}
