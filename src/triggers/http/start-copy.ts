import { createHash } from "node:crypto";
import type { HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { timeOfId } from "../../copy/contract/ids.ts";
import type { InstanceId } from "../../copy/contract/ids.ts";
import type { EpochMs } from "../../copy/time.ts";
import { isOwnLease } from "../../copy/contract/request-rules.ts";
import { optionsOff } from "../../copy/request/copy-options.ts";
import { planDryRun } from "../../copy/decisions/dry-run.ts";
import { asksForDryRun } from "../../copy/request/copy-request.ts";
import type { CopyRequest } from "../../copy/request/copy-request.ts";
import { endpointUrl } from "../../copy/location/endpoint.ts";
import type { Endpoint } from "../../copy/location/endpoint.ts";
import { checkAccess } from "../../copy/routing/copy-access.ts";
import type { AccessPolicy } from "../../copy/routing/copy-access.ts";
import { parseRoutedRequest } from "../../copy/routing/request-along-route.ts";
import { copyResponse } from "../../http/copy-response.ts";
import { copyView } from "../../instances/copy-view.ts";
import { deniedCopy, invalidRequest, problem } from "../../http/problem.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Seal } from "../../secrets/seal.ts";
import { startClaimed, createCopyInput } from "../../instances/start-instance.ts";
import type { ClaimedCopy } from "../../instances/start-instance.ts";
import { claimInstance, readIdempotencyKey } from "./claim-instance.ts";
import { copiesPath } from "./method-router.ts";
import type { HttpHandler } from "./http-handler.ts";
import { readPrincipal } from "./principals.ts";
import type { PrincipalSettings } from "./principals.ts";
import { readJson } from "./read-json.ts";

export type StartDependencies = AccessPolicy & {
  ledger: Ledger;
  seal: Seal;
  /** Whether copies send a completion notification. */
  notifies: boolean;
  principals: PrincipalSettings;
  /** Whether the app's identity can sign a SAS for a source. */
  canMint(source: Endpoint): boolean;
  now(): EpochMs;
  newInstanceId(now: EpochMs): InstanceId;
};

/**
 * POST /copies: 202 with the copy that was started; 200 with the copy that an earlier request with the same
 * Idempotency-Key started. A request that is invalid or not allowed starts and writes nothing.
 */
export function startCopy(deps: StartDependencies): HttpHandler {
  return async (request, client, context) => {
    const body = await readJson(request);
    if (!body.ok) return body.response;
    const now = deps.now();
    const { routes, origins } = deps;
    const parsed = parseRoutedRequest(body.json, { routes, origins, at: now });
    const key = readIdempotencyKey(request);
    const problems = [...(parsed.ok ? [] : parsed.problems), ...key.problems];
    if (!parsed.ok || problems.length > 0) return invalidRequest(problems);
    const refusal = checkCopy(deps, parsed, now) ?? refuseOwnLease(parsed.request);
    if (refusal !== null) return refusal;
    if (asksForDryRun(body.json)) return dryRunResponse(deps, parsed);

    const principal = readPrincipal(request, deps.principals);
    const fingerprint = buildFingerprint(parsed.request, parsed.route);
    const claim = await claimInstance(deps, { key: key.value, principal, fingerprint, now });
    if (!claim.ok) return claim.response;
    const { instanceId, name } = claim;
    // A repeated request has the destination of the first one: a route's destination may depend on the time.
    const at = timeOfId(instanceId);
    const first =
      parsed.route === null || at === now
        ? parsed
        : parseRoutedRequest(body.json, { routes, origins, at });
    if (!first.ok) return invalidRequest(first.problems);
    const input = {
      ...createCopyInput(deps.seal, first.request, { ...deps, instanceId }),
      ...(first.route === null ? {} : { route: first.route }),
      ...(principal === null ? {} : { owner: principal }),
      ...(name === null ? {} : { claim: name }),
    };
    return await startInput(deps, { request, client, context }, { ...claim, input });
  };
}

/** Builds the plan of a valid and allowed request. Neither Storage nor the ledger is called. */
function dryRunResponse(
  { canMint }: StartDependencies,
  { request, route }: { request: CopyRequest; route: string | null },
): HttpResponseInit {
  const { source, destination, options } = request;
  const plan = planDryRun(request, canMint(source));
  const urls = { source: endpointUrl(source), destination: endpointUrl(destination) };
  return {
    status: 200,
    jsonBody: { dryRun: true, ...urls, route, options, ...plan },
    headers: { "cache-control": "no-store" },
  };
}

/** A request to one function of the app. */
export type Invocation = {
  request: HttpRequest;
  client: DurableClient;
  context: InvocationContext;
};

/** Starts the copy of an input, or finds the one that an earlier request with the same claim started. */
export async function startInput(
  deps: Pick<StartDependencies, "ledger" | "now">,
  { request, client, context }: Invocation,
  claimed: ClaimedCopy,
): Promise<HttpResponseInit> {
  const { instanceId } = claimed;
  const started = await startClaimed(client, deps.ledger, claimed);
  if (started.kind === "unknown") {
    context.error(`Cannot confirm the start of copy ${instanceId} because Durable did not respond`);
    const detail = `Copy ${instanceId} may or may not have been started; request its status, or send the request again with its Idempotency-Key`;
    const location = new URL(`${copiesPath(request)}/${instanceId}`, request.url).href;
    return problem("unavailable", detail, { headers: { "retry-after": "10", location } });
  }
  const view = copyView(started.instance, copiesPath(request));
  const place = { url: request.url, now: deps.now() };
  return copyResponse(started.kind === "existed" ? 200 : 202, view, place);
}

/** Checks access before any call to Storage, so that callers cannot use the app as a confused deputy. */
function checkCopy(
  deps: StartDependencies,
  { request, route }: { request: CopyRequest; route: string | null },
  now: EpochMs,
): HttpResponseInit | null {
  const { sourceSas, destinationSas } = request;
  const along = route === null ? null : { name: route, at: now };
  const denial = checkAccess(deps, { ...request, route: along }, now);
  if (denial !== null) return deniedCopy(denial);
  if (deps.seal.seal !== null || (sourceSas === null && destinationSas === null)) return null;
  const detail =
    "A SAS is accepted only if it can be encrypted: set COPY_SECRET_KEYS (create a key with: openssl rand -base64 32), or remove the SAS and give this app's identity a role";
  return problem("invalid-request", detail, {
    errors: [
      ...(sourceSas === null ? [] : [{ pointer: "/source", message: "contains a SAS" }]),
      ...(destinationSas === null ? [] : [{ pointer: "/destination", message: "contains a SAS" }]),
    ],
  });
}

function refuseOwnLease({ options }: CopyRequest): HttpResponseInit | null {
  if (!isOwnLease(options.destinationLease)) return null;
  const message =
    "is a UUID of version 7, which Ferry uses for its own leases; choose another id for the lease";
  const errors = [{ pointer: "/options/destinationLease", message }];
  return invalidRequest(errors);
}

/**
 * Builds a hash that identifies a request without its secrets, because a repeated request may have a new SAS. The hash
 * includes only options that are set, by name, so that a later release with more options builds the same hash.
 * `overwrite` existed first and is always included. A route is included by its name, because its destination may
 * depend on the time.
 */
function buildFingerprint(
  { source, destination, options }: CopyRequest,
  route: string | null,
): string {
  const off: Record<string, unknown> = optionsOff;
  const on = Object.entries(options).filter(
    ([name, value]) => value !== null && (name === "overwrite" || value !== off[name]),
  );
  const to = route === null ? endpointUrl(destination) : `route ${route}`;
  const parts = [endpointUrl(source), to, sorted(Object.fromEntries(on))];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, inner]) => [name, sorted(inner)]);
}
