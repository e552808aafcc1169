import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import type { InstanceId } from "../../copy/contract/ids.ts";
import type { EpochMs } from "../../copy/time.ts";
import { copyResponse } from "../../http/copy-response.ts";
import { copyView } from "../../instances/copy-view.ts";
import { problem } from "../../http/problem.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { isInstanceId } from "../../ledger/instance-id.ts";
import { findInstance } from "../../instances/find-instance.ts";
import { copiesPath } from "./method-router.ts";
import type { HttpHandler } from "./method-router.ts";

/** GET /copies/{id}: the latest status of the copy. */
export function getCopy({ ledger, now }: { ledger: Ledger; now(): EpochMs }): HttpHandler {
  return async (request, client) => {
    const id = parseInstanceId(request);
    const instance = id === null ? null : await findInstance(client, ledger, id);
    if (instance === null) return copyNotFound();
    const view = copyView(instance, copiesPath(request));
    return copyResponse(200, view, { url: request.url, now: now() });
  };
}

/** Parses the id in the path; null if it cannot be the id of a copy, and then Durable is not called. */
export function parseInstanceId(request: HttpRequest): InstanceId | null {
  const id = request.params["id"]?.toLowerCase() ?? "";
  return isInstanceId(id) ? id : null;
}

export function copyNotFound(): HttpResponseInit {
  return problem("not-found", "No copy has this id, or it has been purged");
}
