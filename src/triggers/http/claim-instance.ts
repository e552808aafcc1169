import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import type { InstanceId } from "../../copy/contract/ids.ts";
import type { Problem } from "../../copy/request/request-problem.ts";
import type { EpochMs } from "../../copy/time.ts";
import { problem } from "../../http/problem.ts";
import type { Ledger } from "../../ledger/ledger.ts";

/** The claim of a request: its instance id, a new one or that of an earlier request with the same key. */
export type ClaimedInstance =
  | { ok: true; instanceId: InstanceId; isNew: boolean; name: string | null }
  | { ok: false; response: HttpResponseInit };

type ClaimDependencies = {
  ledger: Ledger;
  now(): EpochMs;
  newInstanceId(now: EpochMs): InstanceId;
};

/** Binds the request to an instance id. `fingerprint` identifies the request without its secrets. */
export async function claimInstance(
  deps: ClaimDependencies,
  {
    principal,
    key,
    fingerprint,
    now,
  }: { principal: string | null; key: string | null; fingerprint: string; now: EpochMs },
): Promise<ClaimedInstance> {
  const fresh = deps.newInstanceId(now);
  if (key === null) return { ok: true, instanceId: fresh, isNew: true, name: null };
  // Callers without a principal share one set of keys.
  const caller = principal ?? "";
  const claim = await deps.ledger.claim({ caller, key }, { instanceId: fresh, fingerprint });
  const { instanceId, name } = claim;
  if (claim.deletedAt !== undefined) {
    const detail = `The copy of this Idempotency-Key was deleted at ${claim.deletedAt}; use a new key to start another copy`;
    return { ok: false, response: problem("deleted", detail) };
  }
  if (claim.fingerprint === fingerprint) {
    return { ok: true, instanceId, isNew: instanceId === fresh, name };
  }
  const detail = "This Idempotency-Key belongs to another request; use a new key for this one";
  return { ok: false, response: problem("idempotency-key-reused", detail) };
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
