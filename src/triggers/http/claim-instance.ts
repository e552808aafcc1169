import type { HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import type { CopyInput } from "../../copy/contract/activities.ts";
import { timeOfId } from "../../copy/contract/ids.ts";
import type { InstanceId } from "../../copy/contract/ids.ts";
import type { CopyRequest } from "../../copy/request/copy-request.ts";
import type { Problem } from "../../copy/request/request-problem.ts";
import type { EpochMs } from "../../copy/time.ts";
import { copyResponse } from "../../http/copy-response.ts";
import { problem } from "../../http/problem.ts";
import { copyView, recordedView } from "../../instances/copy-view.ts";
import { createCopyInput, findEarlier, startInstance } from "../../instances/start-instance.ts";
import type { Claim, Ledger } from "../../ledger/ledger.ts";
import type { Seal } from "../../secrets/seal.ts";
import { copyNotFound } from "./get-copy.ts";
import { copiesPath } from "./method-router.ts";
import { mayUse, mayUseRecord, readPrincipal } from "./principals.ts";
import type { PrincipalSettings } from "./principals.ts";

export type ClaimDependencies = {
  ledger: Ledger;
  seal: Seal;
  /** Whether copies send a completion notification. */
  notifies: boolean;
  principals: PrincipalSettings;
  now(): EpochMs;
  newInstanceId(now: EpochMs): InstanceId;
};

/** A request to one function of the app. */
export type Invocation = {
  request: HttpRequest;
  client: DurableClient;
  context: InvocationContext;
};

/** The copy that a call starts, or the response that rejects the call. */
export type Prepared =
  | {
      ok: true;
      request: CopyRequest;
      facts: Pick<CopyInput, "owner" | "event" | "route" | "retryOf">;
    }
  | { ok: false; response: HttpResponseInit };

/**
 * `fingerprint` identifies the request without its secrets; `otherFingerprints` are those of the same request under the
 * other keys of `COPY_SECRET_KEYS`.
 */
type Call = {
  key: string | null;
  fingerprint: string;
  otherFingerprints?: readonly string[];
  now: EpochMs;
  /** Prepares the copy for a request of this time, on which the destination of a route may depend. */
  prepare(at: EpochMs): Promise<Prepared>;
};

/**
 * Starts the copy of a call, or responds with the copy that an earlier call with the same key started. That copy is
 * the response even if the same call with a new key would be rejected. Until the copy is started, the time of the
 * first call is used.
 */
export async function startOnce(
  deps: ClaimDependencies,
  invocation: Invocation,
  call: Call,
): Promise<HttpResponseInit> {
  const prepared = await call.prepare(call.now);
  const caller = readPrincipal(invocation.request, deps.principals);
  const claim = await (prepared.ok ? claimInstance : findClaimed)(deps, call, caller);
  if (claim === null) return prepared.ok ? keyReused() : prepared.response;
  if (!claim.ok) return claim.response;
  const { instanceId, isNew, name } = claim;
  const earlier = isNew ? null : await earlierResponse(deps, invocation, instanceId);
  if (earlier !== null) return earlier;
  const at = timeOfId(instanceId);
  const first = at === call.now ? prepared : await call.prepare(at);
  if (!first.ok) return first.response;
  const input: CopyInput = {
    ...createCopyInput(deps.seal, first.request, { ...deps, instanceId }),
    ...first.facts,
    ...(name === null ? {} : { claim: name }),
  };
  return await startInput(deps, invocation, { instanceId, input });
}

/** The claim of a call: its instance id, a new one or that of an earlier call with the same key. */
export type ClaimedInstance =
  | { ok: true; instanceId: InstanceId; isNew: boolean; name: string | null }
  | { ok: false; response: HttpResponseInit };

/** Binds the call to an instance id; null if its key belongs to another request. */
export async function claimInstance(
  deps: Pick<ClaimDependencies, "ledger" | "newInstanceId">,
  { key, now, ...call }: Omit<Call, "prepare">,
  caller: string | null,
): Promise<ClaimedInstance | null> {
  const fresh = deps.newInstanceId(now);
  if (key === null) return { ok: true, instanceId: fresh, isNew: true, name: null };
  const claim = await deps.ledger.claim(claimKey(caller, key), {
    instanceId: fresh,
    fingerprint: call.fingerprint,
  });
  if (claim.deletedAt !== undefined) return deleted(claim.deletedAt);
  if (!isSame(claim, call)) return null;
  const { instanceId, name } = claim;
  return { ok: true, instanceId, isNew: instanceId === fresh, name };
}

/** Finds the claim of an earlier call; null if there was none, or if it made another request. */
export async function findClaimed(
  { ledger }: Pick<ClaimDependencies, "ledger">,
  { key, ...call }: Omit<Call, "prepare" | "now">,
  caller: string | null,
): Promise<ClaimedInstance | null> {
  const claim = key === null ? null : await ledger.findClaim(claimKey(caller, key));
  if (claim === null || !isSame(claim, call)) return null;
  if (claim.deletedAt !== undefined) return deleted(claim.deletedAt);
  const { instanceId, name } = claim;
  return { ok: true, instanceId, isNew: false, name };
}

/** Returns true if the claim belongs to the same request. */
function isSame(
  claim: Pick<Claim, "fingerprint">,
  { fingerprint, otherFingerprints = [] }: Pick<Call, "fingerprint" | "otherFingerprints">,
): boolean {
  return [fingerprint, ...otherFingerprints].includes(claim.fingerprint);
}

/** Callers without a principal share one set of keys. */
function claimKey(caller: string | null, key: string) {
  return { caller: caller ?? "", key };
}

function deleted(at: string): { ok: false; response: HttpResponseInit } {
  const detail = `The copy of this Idempotency-Key was deleted at ${at}`;
  return { ok: false, response: problem("deleted", detail) };
}

export function keyReused(): HttpResponseInit {
  const detail = "This Idempotency-Key belongs to another request";
  return problem("idempotency-key-reused", detail);
}

/** Responds with the copy that was started under this id; null if none was. */
async function earlierResponse(
  deps: ClaimDependencies,
  { request, client }: Invocation,
  instanceId: InstanceId,
): Promise<HttpResponseInit | null> {
  const earlier = await findEarlier(client, deps.ledger, instanceId);
  if (earlier === null) return null;
  const path = copiesPath(request);
  const place = { url: request.url, now: deps.now() };
  if (earlier.kind === "existed") {
    // An operator's retry belongs to another caller, and its caller may no longer be an operator.
    if (!mayUse(request, earlier.instance.copy, deps.principals)) return copyNotFound();
    return copyResponse(200, copyView(earlier.instance, path), place);
  }
  const { record } = earlier;
  if (record.deletedAt !== null) return deleted(record.deletedAt).response;
  const view = recordedView(instanceId, record, path);
  if (view === null || !mayUseRecord(request, record, deps.principals)) return copyNotFound();
  return copyResponse(200, view, place);
}

async function startInput(
  deps: ClaimDependencies,
  { request, client, context }: Invocation,
  { instanceId, input }: { instanceId: InstanceId; input: CopyInput },
): Promise<HttpResponseInit> {
  const started = await startInstance(client, instanceId, input);
  if (started.kind === "unknown") {
    context.error(`Cannot confirm the start of copy ${instanceId} because Durable did not respond`);
    const detail = `Copy ${instanceId} may or may not have been started`;
    const fix = "Read the copy at Location, or send the request again with its Idempotency-Key";
    const location = new URL(`${copiesPath(request)}/${instanceId}`, request.url).href;
    return problem("unavailable", detail, { fix, headers: { "retry-after": "10", location } });
  }
  const view = copyView(started.instance, copiesPath(request));
  const place = { url: request.url, now: deps.now() };
  return copyResponse(started.kind === "existed" ? 200 : 202, view, place);
}

/** Reads the caller's key, for example a UUID (draft-ietf-httpapi-idempotency-key-header). */
export function readIdempotencyKey(request: HttpRequest): {
  value: string | null;
  problems: Problem[];
} {
  const value = request.headers.get("idempotency-key");
  // The host joins two headers with a comma.
  if (value === null || /^[\x21-\x2b\x2d-\x7e]{1,255}$/.test(value)) return { value, problems: [] };
  const message =
    "Idempotency-Key must be sent once, and be 1 to 255 printable ASCII characters without spaces and commas";
  return { value: null, problems: [{ pointer: "", message }] };
}
