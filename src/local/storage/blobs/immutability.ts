import { saveBlob, type Blob, type Immutability } from "../store/blob-rows.ts";
import { httpDate, wholeSeconds } from "../http/http-dates.ts";
import { requireBlob } from "./blob-address.ts";
import type { Call } from "../calls/operation-call.ts";
import { invalidHeader, missingHeader, type Headers } from "../http/request-headers.ts";
import { StorageError } from "../http/rest-errors.ts";
import type { StorageResponse } from "../http/storage-request.ts";

export const unprotected: Immutability = { policy: null, hasLegalHold: false };

/** Throws while a policy or a legal hold protects the blob from changes and deletion. */
export function requireMutable({ immutability }: Blob, now: number): void {
  const { policy, hasLegalHold } = immutability;
  if (hasLegalHold || (policy !== null && policy.until > now)) {
    throw new StorageError("BlobImmutableDueToPolicy");
  }
}

/** The policy and legal hold in the headers of a write. */
export function readImmutability(headers: Headers, now: number): Immutability {
  const until = headers[untilHeader];
  if (until === undefined && headers[modeHeader] !== undefined) throw missingHeader(untilHeader);
  const hold = headers[holdHeader];
  return {
    policy: until === undefined ? null : readPolicy(headers, until, now),
    hasLegalHold: hold === undefined ? false : parseHold(hold),
  };
}

const untilHeader = "x-ms-immutability-policy-until-date";
const modeHeader = "x-ms-immutability-policy-mode";
const holdHeader = "x-ms-legal-hold";

/** "The value must be an RFC1123 date" in the future. Default mode: unlocked. */
function readPolicy(headers: Headers, until: string, now: number): Immutability["policy"] {
  const time = Date.parse(until);
  if (Number.isNaN(time) || httpDate(time) !== until || time <= now) {
    throw invalidHeader(untilHeader, until);
  }
  const mode = headers[modeHeader] ?? "unlocked";
  if (/^(unlocked|locked)$/i.test(mode)) {
    return { until: wholeSeconds(time), mode: /^locked$/i.test(mode) ? "locked" : "unlocked" };
  }
  throw invalidHeader(modeHeader, mode);
}

function parseHold(text: string): boolean {
  if (!/^(true|false)$/i.test(text)) throw invalidHeader(holdHeader, text);
  return /^true$/i.test(text);
}

/** REST page "Set Blob Immutability Policy". A locked policy can only be extended. */
export function setBlobImmutabilityPolicy(call: Call): StorageResponse {
  const { request, store, now } = call;
  const blob = requireBlob(call);
  const until = request.headers[untilHeader];
  if (until === undefined) throw missingHeader(untilHeader);
  const policy = readPolicy(request.headers, until, now);
  const former = blob.immutability.policy;
  const isWeaker = policy?.mode !== "locked" || policy.until < (former?.until ?? 0);
  if (former?.mode === "locked" && isWeaker) throw new StorageError("BlobImmutableDueToPolicy");
  const immutability = { ...blob.immutability, policy };
  saveBlob(store, { ...blob, immutability });
  return { status: 200, headers: immutabilityHeaders({ ...blob, immutability }) };
}

/** REST page "Delete Blob Immutability Policy": only unlocked policies. */
export function deleteBlobImmutabilityPolicy(call: Call): StorageResponse {
  const blob = requireBlob(call);
  if (blob.immutability.policy?.mode === "locked") {
    throw new StorageError("BlobImmutableDueToPolicy");
  }
  saveBlob(call.store, { ...blob, immutability: { ...blob.immutability, policy: null } });
  return { status: 200 };
}

/** REST page "Set Blob Legal Hold". */
export function setBlobLegalHold(call: Call): StorageResponse {
  const blob = requireBlob(call);
  const hold = call.request.headers[holdHeader];
  if (hold === undefined) throw missingHeader(holdHeader);
  const hasLegalHold = parseHold(hold);
  saveBlob(call.store, { ...blob, immutability: { ...blob.immutability, hasLegalHold } });
  return { status: 200, headers: { "x-ms-legal-hold": String(hasLegalHold) } };
}

/** The headers of reads. A header is undefined without a policy or hold. */
export function immutabilityHeaders({
  immutability: { policy, hasLegalHold },
}: Pick<Blob, "immutability">): Record<string, string | undefined> {
  return {
    [untilHeader]: policy === null ? undefined : httpDate(policy.until),
    [modeHeader]: policy?.mode,
    [holdHeader]: hasLegalHold ? "true" : undefined,
  };
}
