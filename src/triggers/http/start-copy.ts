import { createHash } from "node:crypto";
import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import { isAllowed, isOwnState } from "../../copy/request/access-policy.ts";
import type { AllowedPair, OwnAccount } from "../../copy/request/access-policy.ts";
import { optionsOff } from "../../copy/request/copy-options.ts";
import type { CopyRequest } from "../../copy/request/copy-request.ts";
import { endpointUrl } from "../../copy/location/endpoint.ts";
import type { Origins } from "../../copy/location/parse-endpoint.ts";
import { parseRoutedRequest } from "../../copy/routing/route-request.ts";
import type { Route } from "../../copy/routing/routes.ts";
import { copyResponse } from "../../http/copy-response.ts";
import { copyView } from "../../instances/copy-view.ts";
import { problem } from "../../http/problem.ts";
import { isInstanceId } from "../../ledger/instance-id.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Seal } from "../../secrets/seal.ts";
import { startClaimed, createCopyInput } from "../../instances/start-instance.ts";
import { copiesPath } from "./method-router.ts";
import type { HttpHandler } from "./method-router.ts";
import { readJson } from "./read-json.ts";

export type StartDeps = {
  allowed: readonly AllowedPair[];
  routes: readonly Route[];
  origins: Origins;
  ledger: Ledger;
  seal: Seal;
  /** The app's own storage account, which nobody copies into or out of where state is kept. */
  own: OwnAccount;
  /** Whether somebody is to be told how copies end. */
  announces: boolean;
  /** Whether something in front of the app vouches for x-ms-client-principal-id. */
  trustsPrincipals: boolean;
  now(): Date;
  newInstanceId(now: Date): string;
};

/**
 * POST /copies: 202 with the copy that now runs; 200 with the copy that the same Idempotency-Key began
 * before. Nothing is written, read or started for a request that is not valid and allowed.
 */
export function startCopy(deps: StartDeps): HttpHandler {
  return async (request, client, context) => {
    const body = await readJson(request);
    if (!body.ok) return body.answer;
    const now = deps.now();
    const { routes, origins } = deps;
    const parsed = parseRoutedRequest(body.json, { routes, origins, at: now.getTime() });
    const key = idempotencyKey(request);
    const problems = [...(parsed.ok ? [] : parsed.problems), ...key.problems];
    if (!parsed.ok || problems.length > 0) {
      const detail = `${problems.length} thing${problems.length === 1 ? "" : "s"} to mend; nothing was started`;
      return problem("invalid-request", detail, { errors: problems });
    }
    const refused = refusal(deps, parsed);
    if (refused !== null) return refused;
    const held = await heldByACopy(deps, parsed.request);
    if (held !== null) return held;

    const claim = await claimInstance(deps, request, { key: key.value, ...parsed, now });
    if (!claim.ok) return claim.answer;
    const { instanceId, isNew } = claim;
    const input = createCopyInput(deps.seal, parsed.request, { ...deps, instanceId, now });
    const begun = await startClaimed(client, deps.ledger, { instanceId, isNew, input });
    if (begun.kind === "unknown") {
      context.error(`Cannot tell whether the orchestration of copy ${instanceId} was started`);
      const detail = `Copy ${instanceId} may have been started or not; look it up, or send the request again with its Idempotency-Key`;
      const location = new URL(`${copiesPath(request)}/${instanceId}`, request.url).href;
      return problem("unavailable", detail, { headers: { "retry-after": "10", location } });
    }
    const view = copyView(begun.instance, copiesPath(request));
    const place = { url: request.url, now: now.getTime() };
    return copyResponse(begun.kind === "existed" ? 200 : 202, view, place);
  };
}

/** Checked before anything else happens: the app must not be anybody's deputy. */
function refusal(
  deps: StartDeps,
  { request, route }: { request: CopyRequest; route: string | null },
): HttpResponseInit | null {
  const { source, destination, sourceSas, destinationSas } = request;
  const ownEnd = [source, destination].find((endpoint) => isOwnState(deps.own, endpoint));
  if (ownEnd !== undefined) {
    const detail = `${endpointUrl(ownEnd)} lies where this app and its host keep their own state`;
    return problem("not-allowed", detail);
  }
  // A route's own copy needs no pair, and gives nobody else one.
  if (route === null && !isAllowed(deps.allowed, request)) {
    const detail = `No pair in COPY_ALLOWED allows a copy from ${endpointUrl(source)} to ${endpointUrl(destination)}`;
    return problem("not-allowed", detail);
  }
  if (deps.seal.seal !== null || (sourceSas === null && destinationSas === null)) return null;
  const detail =
    "A SAS is only taken when it can be sealed: set COPY_SECRET_KEYS (make a key with: openssl rand -base64 32), or leave the SAS out and give this app's identity a role";
  return problem("invalid-request", detail, {
    errors: [
      ...(sourceSas === null ? [] : [{ pointer: "/source", message: "carries a SAS" }]),
      ...(destinationSas === null ? [] : [{ pointer: "/destination", message: "carries a SAS" }]),
    ],
  });
}

/**
 * Refuses a lease that is a running copy's id, by which that copy holds its own source: everybody who
 * sees the copy knows it.
 */
async function heldByACopy(
  { ledger }: StartDeps,
  { options }: CopyRequest,
): Promise<HttpResponseInit | null> {
  const id = options.destinationLease?.toLowerCase() ?? "";
  if (!isInstanceId(id) || !(await ledger.hasOpenRecord(id))) return null;
  const message = "is the id of a copy that runs, and nobody else's lease";
  const errors = [{ pointer: "/options/destinationLease", message }];
  return problem("invalid-request", "1 thing to mend; nothing was started", { errors });
}

/** Binds the request to an instance id: a new one, or the one its Idempotency-Key has already. */
async function claimInstance(
  deps: StartDeps,
  httpRequest: HttpRequest,
  asked: { request: CopyRequest; route: string | null; key: string | null; now: Date },
): Promise<
  { ok: true; instanceId: string; isNew: boolean } | { ok: false; answer: HttpResponseInit }
> {
  const { request, route, key, now } = asked;
  const instanceId = deps.newInstanceId(now);
  if (key === null) return { ok: true, instanceId, isNew: true };
  // Without App Service authentication in front anybody can write this header.
  const principal = deps.trustsPrincipals
    ? httpRequest.headers.get("x-ms-client-principal-id")
    : null;
  const caller = principal ?? "";
  const fingerprint = fingerprintOf(request, route);
  const claim = await deps.ledger.claim({ caller, key }, { instanceId, fingerprint });
  if (claim.fingerprint === fingerprint) {
    return { ok: true, instanceId: claim.instanceId, isNew: claim.instanceId === instanceId };
  }
  const detail = "This Idempotency-Key began another copy; use a new key for another request";
  return { ok: false, answer: problem("idempotency-key-reused", detail) };
}

/**
 * Tells requests apart without their secrets: a repeated request may carry a fresh SAS. Only options
 * that are on count, by name, so that a later release with more of them gives the same fingerprint.
 * `overwrite` was there first and always counts. A route counts by its name: the same request may lead to
 * another destination tomorrow.
 */
function fingerprintOf(
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

/** draft-ietf-httpapi-idempotency-key-header: a string of the caller's; a UUID does well. */
function idempotencyKey(request: HttpRequest): {
  value: string | null;
  problems: { pointer: string; message: string }[];
} {
  const value = request.headers.get("idempotency-key");
  if (value === null || /^[\x21-\x7e]{1,255}$/.test(value)) return { value, problems: [] };
  const message = "Idempotency-Key must be 1 to 255 printable ASCII characters without spaces";
  return { value: null, problems: [{ pointer: "", message }] };
}
