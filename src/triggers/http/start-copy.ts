import { createHash } from "node:crypto";
import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import type { InstanceId } from "../../copy/contract/ids.ts";
import type { EpochMs } from "../../copy/time.ts";
import { isAllowed, isOwnState } from "../../copy/request/access-policy.ts";
import type { AllowedPair, OwnAccount } from "../../copy/request/access-policy.ts";
import { optionsOff } from "../../copy/request/copy-options.ts";
import type { CopyRequest } from "../../copy/request/copy-request.ts";
import { endpointUrl } from "../../copy/location/endpoint.ts";
import type { Origins } from "../../copy/location/parse-endpoint.ts";
import { parseRoutedRequest } from "../../copy/routing/request-along-route.ts";
import type { Route } from "../../copy/routing/routes.ts";
import { copyResponse } from "../../http/copy-response.ts";
import { copyView } from "../../instances/copy-view.ts";
import { problem } from "../../http/problem.ts";
import { isInstanceId } from "../../ledger/instance-id.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Seal } from "../../secrets/seal.ts";
import { startClaimed, createCopyInput } from "../../instances/start-instance.ts";
import { copiesPath } from "./method-router.ts";
import type { HttpHandler } from "./http-handler.ts";
import { readJson } from "./read-json.ts";

export type StartDependencies = {
  allowed: readonly AllowedPair[];
  routes: readonly Route[];
  origins: Origins;
  ledger: Ledger;
  seal: Seal;
  /** The app's own storage account. Copies from or to the app's own state in it are rejected. */
  own: OwnAccount;
  /** Whether copies send a completion notification. */
  notifies: boolean;
  /** Whether App Service authentication sets x-ms-client-principal-id, so that callers cannot forge it. */
  trustsPrincipals: boolean;
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
    if (!parsed.ok || problems.length > 0) {
      const detail = `${problems.length} problem${problems.length === 1 ? "" : "s"} found; nothing was started`;
      return problem("invalid-request", detail, { errors: problems });
    }
    const refusal = refuseAccess(deps, parsed) ?? (await refuseOwnLease(deps, parsed.request));
    if (refusal !== null) return refusal;

    const claim = await claimInstance(deps, request, { key: key.value, ...parsed, now });
    if (!claim.ok) return claim.response;
    const { instanceId, isNew } = claim;
    const input = createCopyInput(deps.seal, parsed.request, { ...deps, instanceId, now });
    const started = await startClaimed(client, deps.ledger, { instanceId, isNew, input });
    if (started.kind === "unknown") {
      context.error(
        `Cannot confirm the start of copy ${instanceId} because Durable did not respond`,
      );
      const detail = `Copy ${instanceId} may or may not have been started; request its status, or send the request again with its Idempotency-Key`;
      const location = new URL(`${copiesPath(request)}/${instanceId}`, request.url).href;
      return problem("unavailable", detail, { headers: { "retry-after": "10", location } });
    }
    const view = copyView(started.instance, copiesPath(request));
    const place = { url: request.url, now };
    return copyResponse(started.kind === "existed" ? 200 : 202, view, place);
  };
}

/** Checks access before any call to Storage, so that callers cannot use the app as a confused deputy. */
function refuseAccess(
  deps: StartDependencies,
  { request, route }: { request: CopyRequest; route: string | null },
): HttpResponseInit | null {
  const { source, destination, sourceSas, destinationSas } = request;
  const ownEndpoint = [source, destination].find((endpoint) => isOwnState(deps.own, endpoint));
  if (ownEndpoint !== undefined) {
    const detail = `Copies from or to ${endpointUrl(ownEndpoint)} are not allowed because this app and its host keep their state there`;
    return problem("not-allowed", detail);
  }
  // A request with a route needs no pair in COPY_ALLOWED.
  if (route === null && !isAllowed(deps.allowed, request)) {
    const detail = `No pair in COPY_ALLOWED allows a copy from ${endpointUrl(source)} to ${endpointUrl(destination)}`;
    return problem("not-allowed", detail);
  }
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

/**
 * Rejects a lease id that is the id of a running copy. That copy may hold a lease with this id on its source, and every
 * caller can read the id.
 */
async function refuseOwnLease(
  { ledger }: StartDependencies,
  { options }: CopyRequest,
): Promise<HttpResponseInit | null> {
  const id = options.destinationLease?.toLowerCase() ?? "";
  if (!isInstanceId(id) || !(await ledger.hasOpenRecord(id))) return null;
  const message = "is reserved: it is the id of a running copy";
  const errors = [{ pointer: "/options/destinationLease", message }];
  return problem("invalid-request", "1 problem found; nothing was started", { errors });
}

/** Binds the request to an instance id: a new one, or the one already bound to its Idempotency-Key. */
async function claimInstance(
  deps: StartDependencies,
  httpRequest: HttpRequest,
  {
    request,
    route,
    key,
    now,
  }: { request: CopyRequest; route: string | null; key: string | null; now: EpochMs },
): Promise<
  { ok: true; instanceId: InstanceId; isNew: boolean } | { ok: false; response: HttpResponseInit }
> {
  const instanceId = deps.newInstanceId(now);
  if (key === null) return { ok: true, instanceId, isNew: true };
  // Without App Service authentication any caller can set this header.
  const principal = deps.trustsPrincipals
    ? httpRequest.headers.get("x-ms-client-principal-id")
    : null;
  const caller = principal ?? "";
  const fingerprint = buildFingerprint(request, route);
  const claim = await deps.ledger.claim({ caller, key }, { instanceId, fingerprint });
  if (claim.fingerprint === fingerprint) {
    return { ok: true, instanceId: claim.instanceId, isNew: claim.instanceId === instanceId };
  }
  const detail = "This Idempotency-Key belongs to another request; use a new key for this one";
  return { ok: false, response: problem("idempotency-key-reused", detail) };
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

/** Reads the caller's key, for example a UUID (draft-ietf-httpapi-idempotency-key-header). */
function readIdempotencyKey(request: HttpRequest): {
  value: string | null;
  problems: { pointer: string; message: string }[];
} {
  const value = request.headers.get("idempotency-key");
  if (value === null || /^[\x21-\x7e]{1,255}$/.test(value)) return { value, problems: [] };
  const message = "Idempotency-Key must be 1 to 255 printable ASCII characters without spaces";
  return { value: null, problems: [{ pointer: "", message }] };
}
