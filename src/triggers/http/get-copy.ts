import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import { copyResponse } from "../../http/copy-response.ts";
import { copyView } from "../../instances/copy-view.ts";
import { problem } from "../../http/problem.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { isInstanceId } from "../../ledger/instance-id.ts";
import { findInstance } from "../../instances/find-instance.ts";
import { copiesPath } from "./method-router.ts";
import type { HttpHandler } from "./method-router.ts";

/** GET /copies/{id}: the copy as it is now. */
export function getCopy({ ledger, now }: { ledger: Ledger; now(): Date }): HttpHandler {
  return async (request, client) => {
    const id = copyIdOf(request);
    const run = id === null ? null : await findInstance(client, ledger, id);
    if (run === null) return copyNotFound();
    const view = copyView(run, copiesPath(request));
    return copyResponse(200, view, { url: request.url, now: now().getTime() });
  };
}

/** The id in the path, null where no copy can have it: then Durable is not even asked. */
export function copyIdOf(request: HttpRequest): string | null {
  const id = request.params["id"]?.toLowerCase() ?? "";
  return isInstanceId(id) ? id : null;
}

export function copyNotFound(): HttpResponseInit {
  return problem("not-found", "No copy has this id; copies that were purged are not found either");
}
