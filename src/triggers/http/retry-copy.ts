import { createHash } from "node:crypto";
import type { HttpResponseInit } from "@azure/functions";
import type { CopyInput } from "../../copy/contract/activities.ts";
import type { Sas } from "../../copy/location/sas.ts";
import { hasSasExpired } from "../../copy/location/sas.ts";
import type { CopyRequest } from "../../copy/request/copy-request.ts";
import { checkAccess } from "../../copy/routing/copy-access.ts";
import { buildDestination, isRouted } from "../../copy/routing/routes.ts";
import { parseTime } from "../../copy/time.ts";
import type { EpochMs } from "../../copy/time.ts";
import { deniedCopy, invalidRequest, problem } from "../../http/problem.ts";
import type { FoundInstance } from "../../instances/find-instance.ts";
import { UnsealError } from "../../secrets/seal.ts";
import type { Seal, SealedPlace } from "../../secrets/seal.ts";
import { readIdempotencyKey, startOnce } from "./claim-instance.ts";
import type { Invocation, Prepared } from "./claim-instance.ts";
import { copyNotFound, findCopy, findRecorded, parseInstanceId } from "./get-copy.ts";
import type { HttpHandler } from "./http-handler.ts";
import { refuseBody } from "./read-json.ts";
import type { StartDependencies } from "./start-copy.ts";

/**
 * POST /copies/{id}/retry: 202 with a new copy that repeats the request of an ended copy; 409 if that copy has not
 * ended, or if its SAS can no longer be used. The new copy belongs to the owner of the first. A body is optional and
 * not used.
 */
export function retryCopy(deps: StartDependencies): HttpHandler {
  return async (request, client, context) => {
    const refusal = await refuseBody(request);
    if (refusal !== null) return refusal;
    const key = readIdempotencyKey(request);
    if (key.problems.length > 0) return invalidRequest(key.problems);
    const id = parseInstanceId(request);
    if (id === null) return copyNotFound();
    return await startOnce(
      deps,
      { request, client, context },
      {
        key: key.value,
        fingerprint: createHash("sha256").update(`retry of ${id}`).digest("hex"),
        now: deps.now(),
        prepare: (at) => prepareRetry(deps, { request, client }, at),
      },
    );
  };
}

async function prepareRetry(
  deps: StartDependencies,
  { request, client }: Pick<Invocation, "request" | "client">,
  at: EpochMs,
): Promise<Prepared> {
  const refused = (response: HttpResponseInit): Prepared => ({ ok: false, response });
  const former = await findCopy(deps, request, client);
  if (former === null) {
    const isRecorded = (await findRecorded(deps, request)) !== null;
    return refused(isRecorded ? purged() : copyNotFound());
  }
  if (former.execution.kind === "running") {
    const detail = "Cannot retry the copy because it has not ended";
    return refused(problem("not-ended", detail));
  }
  const opened = openRequest(deps.seal, former, deps.now());
  if (!opened.ok) return opened;
  const repeated = alongRoute(deps, former.copy, opened.request, at);
  const denial = checkAccess(deps, { ...repeated, route: routeOf(former.copy, at) }, at);
  if (denial !== null) return refused(deniedCopy(denial));
  const { owner, event, route } = former.copy;
  const facts = {
    retryOf: former.id,
    ...(owner === undefined ? {} : { owner }),
    ...(event === undefined ? {} : { event }),
    ...(route === undefined ? {} : { route }),
  };
  return { ok: true, request: repeated, facts };
}

function purged(): HttpResponseInit {
  const detail =
    "Cannot retry the copy because its request is no longer stored: its history was purged in Durable";
  return problem("cannot-retry", detail);
}

/** The route of a stored copy, with the time for dates in its template. */
function routeOf({ event, route }: CopyInput, at: EpochMs) {
  const name = event?.route ?? route;
  return name === undefined ? null : { name, at: event === undefined ? at : parseTime(event.at) };
}

/**
 * Builds the destination again if the request named a route: a retry uses the route's current destination. A start
 * accepts no other time, because a client with the task hub's key could choose it.
 */
function alongRoute(
  { routes, origins }: StartDependencies,
  { route: name }: CopyInput,
  request: CopyRequest,
  at: EpochMs,
): CopyRequest {
  const route = routes.find((each) => each.name === name);
  if (route === undefined || !isRouted(route, request.source)) return request;
  const { container, path } = request.source;
  const { parsed } = buildDestination(route.template, { container, path, at }, origins);
  return parsed.ok ? { ...request, destination: parsed.endpoint } : request;
}

/** Opens the SAS of a stored copy, so that it can be sealed for the new one. */
function openRequest(
  seal: Seal,
  { id, copy }: FoundInstance,
  now: EpochMs,
): { ok: true; request: CopyRequest } | { ok: false; response: HttpResponseInit } {
  const { source, destination, options } = copy;
  const open = (field: SealedPlace["field"]): Sas | null => {
    const sealed = copy[field];
    const endpoint = field === "sourceSas" ? source : destination;
    return sealed === null ? null : seal.open(sealed, { instanceId: id, field, endpoint });
  };
  try {
    const [sourceSas, destinationSas] = [open("sourceSas"), open("destinationSas")];
    const expired = [
      ...(hasSasExpired(sourceSas, now) ? ["source"] : []),
      ...(hasSasExpired(destinationSas, now) ? ["destination"] : []),
    ];
    if (expired.length === 0) {
      return { ok: true, request: { source, destination, options, sourceSas, destinationSas } };
    }
    const detail = `Cannot retry the copy because the SAS of its ${expired.join(" and of its ")} has expired`;
    const fix = "Send the request again with POST /copies and a fresh SAS";
    return { ok: false, response: problem("cannot-retry", detail, { fix }) };
  } catch (error) {
    if (!(error instanceof UnsealError)) throw error;
    const fix = "Add the key to COPY_SECRET_KEYS, or send the request again with POST /copies";
    return { ok: false, response: problem("cannot-retry", error.message, { fix }) };
  }
}
