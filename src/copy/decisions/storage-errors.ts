import type { EpochMs } from "../time.ts";
import { failure } from "../contract/failure.ts";
import type { Cause, Failure } from "../contract/failure.ts";
import { hasSasExpired, sasTerms } from "../location/sas.ts";
import type { Sas } from "../location/sas.ts";

/** Storage's response to a call that it refused. `status` is 0 when there was no response. */
export type StorageErrorResponse = {
  status: number;
  code: string | null;
  /** x-ms-copy-source-status-code / -error-code: the source's response to the destination's service. */
  sourceStatus: number | null;
  sourceCode: string | null;
  retryAfterSeconds: number | null;
};

/** Which call was refused. */
export type StorageCallName =
  | "read-source"
  | "lease-source"
  | "read-destination"
  | "start"
  | "abort"
  | "clean-up";

/** The meaning of a refused call. */
export type Verdict =
  | { kind: "transient"; failure: Failure; retryAfterSeconds: number | null }
  | { kind: "permanent"; failure: Failure }
  /** A condition of the plan no longer holds. */
  | { kind: "stale-plan"; failure: Failure };

/** Calls, status and code (null matches any), and their cause and reason. */
type Row = readonly [
  calls: readonly StorageCallName[],
  status: number | null,
  code: RegExp | null,
  cause: Cause,
  reason: string,
];

const source: readonly StorageCallName[] = ["read-source", "lease-source"];
const reads: readonly StorageCallName[] = ["read-source", "read-destination"];
const reading: readonly StorageCallName[] = ["read-destination"];
const lease: readonly StorageCallName[] = ["lease-source"];
const start: readonly StorageCallName[] = ["start"];
const destination: readonly StorageCallName[] = ["read-destination", "start", "abort", "clean-up"];

const unverified = /^CannotVerifyCopySource$/;
const locked = /^(SharingViolation|FileLockConflict|DeletePending)$/;
const leased =
  /^(LeaseIdMissing|LeaseIdMismatchWith(Blob|File)Operation|LeaseLost|LeaseNotPresentWith(Blob|File)Operation|InfiniteLeaseDurationRequired)$/;

/**
 * Storage's responses and their causes; the first matching row applies. From "Copy Blob", "Abort Copy Blob",
 * "Blob service error codes" and "Common REST API error codes". A response with `CannotVerifyCopySource` has the
 * source's status, so its rows also match on the status, except the last one.
 */
export const storageErrors: readonly Row[] = [
  // The only condition that a read sends.
  [reads, 412, /^ConditionNotMet$/, "condition-not-met", "ifTags does not hold"],
  [lease, 409, /^Lease/, "source-leased", "another client leases the source"],
  [source, 404, null, "source-not-found", "the source does not exist"],
  [source, 401, null, "source-unauthorized", "the source requires authorization"],
  [source, 403, null, "source-unauthorized", "access to the source is denied"],
  [source, 409, /^PublicAccessNotPermitted$/, "source-unauthorized", "the source is not public"],
  [source, 409, null, "source-unreadable", "the source cannot be read now"],

  [start, null, /^SourceConditionNotMet$/, "source-changed", "the source changed"],
  [start, null, /^TargetConditionNotMet$/, "destination-exists", "the destination changed"],
  [start, null, /^ConditionNotMet$/, "destination-exists", "the destination changed"],
  [start, null, /^BlobAlreadyExists$/, "destination-exists", "the destination exists now"],
  [start, null, /^PendingCopyOperation$/, "destination-busy", "another copy onto it is pending"],
  [start, 404, /^BlobNotFound$/, "source-not-found", "the source does not exist"],
  [start, 404, unverified, "source-not-found", "the source does not exist"],
  [start, 401, unverified, "source-unauthorized", "the source requires authorization"],
  [start, 403, unverified, "source-unauthorized", "access to the source is denied"],
  // Only a condition on the source can make the source return 412.
  [start, 412, unverified, "source-changed", "the source changed"],
  [start, null, unverified, "source-unreadable", "the source cannot be verified"],
  [start, null, /^BlobArchived$|^BlobBeingRehydrated$/, "source-archived", "a blob is archived"],
  [start, null, /^ReadOnlyAttribute$/, "destination-read-only", "the file is read-only"],
  [start, null, /^InvalidBlobType$/, "destination-type-mismatch", "it has a different blob type"],

  // Storage may refuse calls on a blob while a copy onto it is pending.
  [reading, null, /^PendingCopyOperation$/, "destination-busy", "a copy onto it is pending"],
  [destination, null, leased, "destination-leased", "the destination is leased"],
  [destination, null, /^BlobImmutableDueToPolicy$/, "destination-immutable", "it is immutable"],
  [
    destination,
    null,
    /^ContainerNotFound$/,
    "destination-not-found",
    "its container does not exist",
  ],
  [destination, null, /^ContainerBeing/, "destination-not-found", "its container is being deleted"],
  [
    destination,
    null,
    /^Share(NotFound|Being)/,
    "destination-not-found",
    "its share does not exist",
  ],
  [destination, null, /^ParentNotFound$/, "destination-not-found", "its folder does not exist"],
  [destination, 409, locked, "destination-locked", "a client holds the file open"],
  [destination, 404, null, "destination-not-found", "the destination does not exist"],
  [destination, 401, null, "destination-unauthorized", "the destination requires authorization"],
  [destination, 403, null, "destination-unauthorized", "access to the destination is denied"],
];

/** The causes that show, after a refused start, that a condition of the plan no longer holds. */
const stalePlanCauses: ReadonlySet<Cause> = new Set([
  "source-changed",
  "destination-exists",
  "destination-busy",
]);

/** The fix when Storage did not accept the SAS that the caller sent. */
const newSasFix =
  "Send a SAS for this source that has read permission, is signed with a key that is still valid, and can be used by the destination's Storage service";

/** The fix when the destination's SAS has expired. */
const longerSasFix =
  "Check the destination, then send the request again with a SAS that stays valid for as long as the copy may take, up to two weeks";

const transientSourceCodes: ReadonlySet<string> = new Set([
  "InternalError",
  "OperationTimedOut",
  "ServerBusy",
]);

/**
 * Classifies a refused call. `action` completes "Cannot …". `sas` belongs to the call's side (source or
 * destination); its terms distinguish a 403 for an expired SAS from a 403 for an invalid one. `now` is epoch ms.
 */
export function classifyError(
  call: StorageCallName,
  response: StorageErrorResponse,
  context: { action: string; sas: Sas | null; now: EpochMs },
): Verdict {
  const storage = { status: response.status, code: response.code };
  const received = describeResponse(response);
  if (isTransient(response)) {
    const cause = response.status === 429 || response.status === 503 ? "throttled" : "internal";
    const message = `Cannot ${context.action} now: ${received}`;
    const { retryAfterSeconds } = response;
    return { kind: "transient", failure: failure(cause, message, storage), retryAfterSeconds };
  }
  const effective = preferSourceStatus(call, response);
  const row = storageErrors.find((candidate) => matches(candidate, call, effective));
  if (row === undefined) {
    const message = `Cannot ${context.action}: ${received}`;
    return { kind: "permanent", failure: failure("not-supported", message, storage) };
  }
  const [, , , rowCause, rowReason] = row;
  // For a start, `context.sas` is the source's SAS, which cannot explain this refusal.
  if (rowCause === "destination-unauthorized" && call !== "start") {
    const { sas, now } = context;
    if (sas !== null && hasSasExpired(sas, now)) {
      const message = `Cannot ${context.action} because ${expiredReason}: ${received}`;
      return {
        kind: "permanent",
        failure: { ...failure(rowCause, message, storage), fix: longerSasFix },
      };
    }
  }
  const cause = rowCause === "source-unauthorized" ? classifySas(context) : rowCause;
  const reason = sasReason(cause, context) ?? rowReason;
  const message = `Cannot ${context.action} because ${reason}: ${received}`;
  const kind = stalePlanCauses.has(cause) ? "stale-plan" : "permanent";
  const refusal = failure(cause, message, storage);
  const withSas = context.sas !== null && cause === "source-unauthorized";
  return { kind, failure: withSas ? { ...refusal, fix: newSasFix } : refusal };
}

function describeResponse({ status, code }: StorageErrorResponse): string {
  if (status === 0) return `Storage did not respond${code === null ? "" : ` (${code})`}`;
  return `Storage returned ${status}${code === null ? "" : ` ${code}`}`;
}

function isTransient(response: StorageErrorResponse): boolean {
  return (
    response.status === 0 ||
    response.status === 408 ||
    response.status === 429 ||
    (response.status >= 500 && response.status !== 501) ||
    (response.sourceCode !== null && transientSourceCodes.has(response.sourceCode))
  );
}

function matches(
  [calls, status, code]: Row,
  call: StorageCallName,
  response: StorageErrorResponse,
): boolean {
  return (
    calls.includes(call) &&
    (status === null || status === response.status) &&
    (code === null || code.test(response.code ?? ""))
  );
}

/** Since version 2025-11-05, the response to a refused start includes the source's status, for every error code. */
function preferSourceStatus(
  call: StorageCallName,
  response: StorageErrorResponse,
): StorageErrorResponse {
  return call === "start" && response.sourceStatus !== null
    ? { ...response, status: response.sourceStatus, code: "CannotVerifyCopySource" }
    : response;
}

function classifySas({ sas, now }: { sas: Sas | null; now: EpochMs }): Cause {
  if (sas === null) return "source-unauthorized";
  const { startsAt } = sasTerms(sas);
  if (hasSasExpired(sas, now)) return "source-sas-expired";
  if (startsAt !== null && startsAt > now) return "source-sas-not-yet-valid";
  return "source-unauthorized";
}

function sasReason(cause: Cause, { sas }: { sas: Sas | null }): string | null {
  if (sas === null) return null;
  const { permissions } = sasTerms(sas);
  if (cause === "source-sas-expired") return expiredReason;
  if (cause === "source-sas-not-yet-valid") return "the SAS is not valid yet";
  if (cause === "source-unauthorized" && permissions?.includes("r") === false) {
    return 'the SAS lacks the permission "r"';
  }
  return null;
}

// No reason quotes the SAS: its values can be any text.
const expiredReason = "the SAS has expired";

/** Returns true if the caller's SAS or the app's identity lacks the permission for the call. */
export function isUnauthorized({ status }: StorageErrorResponse): boolean {
  return status === 401 || status === 403;
}

/** Returns true if the app's identity has no role for the call, is unknown to the account, or got no token. */
export function isIdentityRefused(response: StorageErrorResponse): boolean {
  return isUnauthorized(response) || response.code === "IdentityUnavailable";
}

/** Returns true if Storage refused an anonymous read. A 404 can hide that the blob or file exists. */
export function isNotPublic(response: StorageErrorResponse): boolean {
  return isUnauthorized(response) || response.status === 404 || response.status === 409;
}

/**
 * Returns true if there is no pending copy with this copyId ("Abort Copy Blob": 409), or the destination no longer
 * exists (404). Reading the destination shows which.
 */
export function isNothingToAbort({ status }: StorageErrorResponse): boolean {
  return status === 404 || status === 409;
}

/**
 * Returns true if the lease was never taken or has been broken (409), or the blob is gone (404) ("Lease Blob",
 * outcomes).
 */
export function isNotLeased({ status }: StorageErrorResponse): boolean {
  return status === 404 || status === 409;
}

/**
 * Returns true if the blob was deleted, or another writer has changed it, so that it no longer has the condition's
 * ETag.
 */
export function isGoneOrReplaced({ status, code }: StorageErrorResponse): boolean {
  return status === 404 || (status === 412 && code === "ConditionNotMet");
}

/**
 * Returns true if a conditional write lost to another writer: its condition failed, or a copy onto the blob is
 * pending.
 */
export function isOvertaken({ code }: StorageErrorResponse): boolean {
  return /ConditionNotMet$|^PendingCopyOperation$|^BlobNotFound$/.test(code ?? "");
}

/** Returns true if the account does not support index tags, for example because it has a hierarchical namespace. */
export function isWithoutIndexTags({ status }: StorageErrorResponse): boolean {
  return status === 400 || status === 409 || status === 501;
}

/** The client's codes for a request that was never sent: no connection, no host name, no token. */
const unsent: ReadonlySet<string | null> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "IdentityUnavailable",
]);

/**
 * Returns true if Storage certainly did nothing. After a time-out, a 500 or a missing response it may have acted. After
 * `ServerBusy` it did not: the server was "unable to receive requests" ("Common REST API error codes").
 */
export function isDefiniteRefusal({ status, code }: StorageErrorResponse): boolean {
  if (status === 0) return unsent.has(code);
  return code === "ServerBusy" || (status >= 400 && status < 500 && status !== 408);
}

/** Returns true if the container exists but the blob does not. A HEAD response may have no code. */
export function isBlobAbsent({ status, code }: StorageErrorResponse): boolean {
  return status === 404 && (code === null || code === "BlobNotFound");
}

/** Returns true if the folder exists but the file does not. A missing folder or share has a different code. */
export function isFileAbsent({ status, code }: StorageErrorResponse): boolean {
  return status === 404 && (code === null || code === "ResourceNotFound");
}
