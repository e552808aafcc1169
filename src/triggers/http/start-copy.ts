import { createHash } from "node:crypto";
import type { HttpResponseInit } from "@azure/functions";
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
import { defaultOptions } from "../../copy/routing/routes.ts";
import type { Route } from "../../copy/routing/routes.ts";
import { deniedCopy, invalidRequest, problem, sealFix } from "../../http/problem.ts";
import { readIdempotencyKey, startOnce } from "./claim-instance.ts";
import type { ClaimDependencies } from "./claim-instance.ts";
import type { HttpHandler } from "./http-handler.ts";
import { readPrincipal } from "./principals.ts";
import { readJson } from "./read-json.ts";

export type StartDependencies = AccessPolicy &
  ClaimDependencies & {
    /** Whether the app's identity can sign a SAS for a source. */
    canMint(source: Endpoint): boolean;
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
    const parse = (at: EpochMs) => parseRoutedRequest(body.json, { routes, origins, at });
    const parsed = parse(now);
    const key = readIdempotencyKey(request);
    const problems = [...(parsed.ok ? [] : parsed.problems), ...key.problems];
    if (!parsed.ok || problems.length > 0) return invalidRequest(problems);
    if (asksForDryRun(body.json)) {
      return checkCopy(deps, parsed, now) ?? dryRunResponse(deps, parsed);
    }
    const owner = readPrincipal(request, deps.principals);
    const route = routes.find(({ name }) => name === parsed.route) ?? null;
    const [fingerprint, ...otherFingerprints] = buildFingerprints(deps, parsed.request, route);
    return await startOnce(
      deps,
      { request, client, context },
      {
        key: key.value,
        fingerprint,
        otherFingerprints,
        now,
        async prepare(at) {
          const first = parsed.route === null || at === now ? parsed : parse(at);
          if (!first.ok) return { ok: false, response: invalidRequest(first.problems) };
          const refusal = checkCopy(deps, first, at);
          if (refusal !== null) return { ok: false, response: refusal };
          const facts = {
            ...(first.route === null ? {} : { route: first.route }),
            ...(owner === null ? {} : { owner }),
          };
          return { ok: true, request: first.request, facts };
        },
      },
    );
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

/** Checks access before any call to Storage, so that callers cannot use the app as a confused deputy. */
function checkCopy(
  deps: StartDependencies,
  { request, route }: { request: CopyRequest; route: string | null },
  at: EpochMs,
): HttpResponseInit | null {
  const { sourceSas, destinationSas } = request;
  const along = route === null ? null : { name: route, at };
  const denial = checkAccess(deps, { ...request, route: along }, at);
  if (denial !== null) return deniedCopy(denial);
  const ownLease = refuseOwnLease(request);
  if (ownLease !== null) return ownLease;
  if (deps.seal.seal !== null || (sourceSas === null && destinationSas === null)) return null;
  const detail = "A SAS is accepted only if it can be encrypted, and the app has no key for that";
  return problem("invalid-request", detail, {
    fix: sealFix,
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
 * depend on the time, and without its options, because they may be changed before the request is repeated.
 *
 * Outside Storage a query may select the content, so the hash includes a keyed hash of it, without its signature. There
 * is one fingerprint for each key; the first is stored.
 */
function buildFingerprints(
  { seal }: StartDependencies,
  { source, sourceSas, destination, options }: CopyRequest,
  route: Route | null,
): [string, ...string[]] {
  const isOwn =
    route === null
      ? isSet({ ...optionsOff, overwrite: null })
      : isSet({ ...optionsOff, ...defaultOptions }, route.fixedOptions);
  const on = Object.entries(options).filter(isOwn);
  const to = route === null ? endpointUrl(destination) : `route ${route.name}`;
  const parts = [endpointUrl(source), to, sorted(Object.fromEntries(on))];
  const build = (query: string[]) =>
    createHash("sha256")
      .update(JSON.stringify([...parts, ...query]))
      .digest("hex");
  const isOutside = source.service === "external" && sourceSas !== null;
  const queries = isOutside ? seal.hashQuery(sourceSas) : null;
  if (queries === null) return [build([])];
  // Without a key, a request with a query is rejected, and matches no claim.
  const [first = "", ...others] = queries;
  return [build([first]), ...others.map((query) => build([query]))];
}

/** Creates the test of an option: it is neither off nor set by another. */
function isSet(off: Record<string, unknown>, others: readonly string[] = []) {
  return ([name, value]: [string, unknown]) =>
    value !== null && value !== off[name] && !others.includes(name);
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, inner]) => [name, sorted(inner)]);
}
