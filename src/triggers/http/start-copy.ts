import { createHash } from "node:crypto";
import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import { timeOfId } from "../../copy/contract/ids.ts";
import type { InstanceId } from "../../copy/contract/ids.ts";
import type { EpochMs } from "../../copy/time.ts";
import { isOwnLease } from "../../copy/contract/request-rules.ts";
import { optionsOff } from "../../copy/request/copy-options.ts";
import type { CopyRequest } from "../../copy/request/copy-request.ts";
import { endpointUrl } from "../../copy/location/endpoint.ts";
import { checkAccess } from "../../copy/routing/copy-access.ts";
import type { AccessPolicy } from "../../copy/routing/copy-access.ts";
import { parseRoutedRequest } from "../../copy/routing/request-along-route.ts";
import { copyResponse } from "../../http/copy-response.ts";
import { copyView } from "../../instances/copy-view.ts";
import { invalidRequest, problem } from "../../http/problem.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Seal } from "../../secrets/seal.ts";
import { startClaimed, createCopyInput } from "../../instances/start-instance.ts";
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

    const principal = readPrincipal(request, deps.principals);
    const claim = await claimInstance(deps, { key: key.value, principal, ...parsed, now });
    if (!claim.ok) return claim.response;
    const { instanceId, isNew, name } = claim;
    // A repeated request goes where the first one went: a route's destination may depend on the time.
    const at = timeOfId(instanceId);
    const first =
      parsed.route === null || at === now
        ? parsed
        : parseRoutedRequest(body.json, { routes, origins, at });
    if (!first.ok) return invalidRequest(first.problems);
    const input = {
      ...createCopyInput(deps.seal, first.request, { ...deps, instanceId }),
      ...(first.route === null ? {} : { route: first.route }),
      ...(principal === null ? {} : { principal }),
      ...(name === null ? {} : { claim: name }),
    };
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
function checkCopy(
  deps: StartDependencies,
  { request, route }: { request: CopyRequest; route: string | null },
  now: EpochMs,
): HttpResponseInit | null {
  const { sourceSas, destinationSas } = request;
  const along = route === null ? null : { name: route, at: now };
  const refusal = checkAccess(deps, { ...request, route: along }, now);
  if (refusal !== null) {
    const { reason, problems } = refusal;
    const errors = problems.length === 0 ? {} : { errors: problems };
    return problem("not-allowed", `Cannot start the copy because ${reason}`, errors);
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

function refuseOwnLease({ options }: CopyRequest): HttpResponseInit | null {
  if (!isOwnLease(options.destinationLease)) return null;
  const message =
    "is a UUID of version 7, which Ferry uses for its own leases; choose another id for the lease";
  const errors = [{ pointer: "/options/destinationLease", message }];
  return invalidRequest(errors);
}

/** Binds the request to an instance id: a new one, or the one already bound to its Idempotency-Key. */
async function claimInstance(
  deps: StartDependencies,
  {
    request,
    route,
    principal,
    key,
    now,
  }: {
    request: CopyRequest;
    route: string | null;
    principal: string | null;
    key: string | null;
    now: EpochMs;
  },
): Promise<
  | { ok: true; instanceId: InstanceId; isNew: boolean; name: string | null }
  | { ok: false; response: HttpResponseInit }
> {
  const instanceId = deps.newInstanceId(now);
  if (key === null) return { ok: true, instanceId, isNew: true, name: null };
  // Callers without a principal share one space of keys.
  const caller = principal ?? "";
  const fingerprint = buildFingerprint(request, route);
  const claim = await deps.ledger.claim({ caller, key }, { instanceId, fingerprint });
  if (claim.fingerprint === fingerprint) {
    const { name } = claim;
    return {
      ok: true,
      instanceId: claim.instanceId,
      isNew: claim.instanceId === instanceId,
      name,
    };
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
  // The host joins two headers with a comma.
  if (value === null || /^[\x21-\x2b\x2d-\x7e]{1,255}$/.test(value)) return { value, problems: [] };
  const message =
    "Idempotency-Key must be sent once, and be 1 to 255 printable ASCII characters without spaces and commas";
  return { value: null, problems: [{ pointer: "", message }] };
}
