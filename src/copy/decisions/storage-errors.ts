import { toIso } from "../time.ts";
import { failure } from "../contract/failure.ts";
import type { Cause, Failure } from "../contract/failure.ts";
import { hasSasEnded, sasTerms } from "../location/sas.ts";
import type { Sas } from "../location/sas.ts";

/** What Storage answered instead of doing what it was asked. `status` 0: no answer came at all. */
export type StorageErrorResponse = {
  status: number;
  code: string | null;
  /** x-ms-copy-source-status-code / -error-code: what the source said to the destination's service. */
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

/** How a refused call is to be taken. */
export type Verdict =
  | { kind: "transient"; failure: Failure; retryAfterSeconds: number | null }
  | { kind: "permanent"; failure: Failure }
  /** A condition that prepare set no longer holds. */
  | { kind: "stale-plan"; failure: Failure };

/** Which calls, which status and code (null: any), and what that means. */
type Row = readonly [
  calls: readonly StorageCallName[],
  status: number | null,
  code: RegExp | null,
  cause: Cause,
  says: string,
];

const source: readonly StorageCallName[] = ["read-source", "lease-source"];
const reads: readonly StorageCallName[] = ["read-source", "read-destination"];
const lease: readonly StorageCallName[] = ["lease-source"];
const start: readonly StorageCallName[] = ["start"];
const destination: readonly StorageCallName[] = ["read-destination", "start", "abort", "clean-up"];

const unverified = /^CannotVerifyCopySource$/;
const locked = /^(SharingViolation|FileLockConflict|DeletePending)$/;
const leased =
  /^(LeaseIdMissing|LeaseIdMismatchWith(Blob|File)Operation|LeaseLost|LeaseNotPresentWith(Blob|File)Operation|InfiniteLeaseDurationRequired)$/;

/**
 * Storage's answers and their causes, the first row that fits. From "Copy Blob", "Abort Copy Blob",
 * "Blob service error codes" and "Common REST API error codes". `CannotVerifyCopySource` carries the
 * source's own status, so it is told apart by that, never by its name alone.
 */
export const storageErrors: readonly Row[] = [
  // The only condition that a read carries.
  [reads, 412, /^ConditionNotMet$/, "condition-not-met", "ifTags does not hold"],
  [lease, 409, /^Lease/, "source-leased", "somebody else leases the source"],
  [source, 404, null, "source-not-found", "the source does not exist"],
  [source, 401, null, "source-unauthorized", "the source wants authorization"],
  [source, 403, null, "source-unauthorized", "the source may not be read"],
  [source, 409, /^PublicAccessNotPermitted$/, "source-unauthorized", "it allows no public access"],
  [source, 409, null, "source-unreadable", "the source cannot be read now"],

  [start, null, /^SourceConditionNotMet$/, "source-changed", "the source changed"],
  [start, null, /^TargetConditionNotMet$/, "destination-exists", "the destination changed"],
  [start, null, /^ConditionNotMet$/, "destination-exists", "the destination changed"],
  [start, null, /^BlobAlreadyExists$/, "destination-exists", "the destination exists by now"],
  [start, null, /^PendingCopyOperation$/, "destination-busy", "another copy onto it is pending"],
  [start, 404, /^BlobNotFound$/, "source-not-found", "the source does not exist"],
  [start, 404, unverified, "source-not-found", "the source does not exist"],
  [start, 401, unverified, "source-unauthorized", "the source wants authorization"],
  [start, 403, unverified, "source-unauthorized", "the source may not be read"],
  [start, null, unverified, "source-unreadable", "the source cannot be verified"],
  [start, null, /^BlobArchived$|^BlobBeingRehydrated$/, "source-archived", "a blob is archived"],
  [start, null, /^ReadOnlyAttribute$/, "destination-read-only", "the file is read-only"],
  [start, null, /^InvalidBlobType$/, "destination-type-mismatch", "it has another type"],

  [destination, null, leased, "destination-leased", "the destination is leased"],
  [destination, null, /^BlobImmutableDueToPolicy$/, "destination-immutable", "it is immutable"],
  [destination, null, /^ContainerNotFound$/, "destination-not-found", "it has no container"],
  [destination, null, /^ContainerBeing/, "destination-not-found", "its container is being deleted"],
  [destination, null, /^Share(NotFound|Being)/, "destination-not-found", "it has no share"],
  [destination, null, /^ParentNotFound$/, "destination-not-found", "it has no folder"],
  [destination, 409, locked, "destination-locked", "a client holds the file open"],
  [destination, 404, null, "destination-not-found", "the destination does not exist"],
  [destination, 401, null, "destination-unauthorized", "the destination wants authorization"],
  [destination, 403, null, "destination-unauthorized", "the destination may not be used"],
];

/** Causes by which a start is refused because what prepare saw no longer holds. */
const overtaking: ReadonlySet<Cause> = new Set([
  "source-changed",
  "destination-exists",
  "destination-busy",
]);

/** The fix where a SAS was sent, and Storage did not take it. */
const otherSas =
  "Send a SAS of this very blob with read permission, signed by a key that is still valid, and open to the destination's Storage service";

/** The fix where the destination's SAS is over. */
const laterSas =
  "Look at the destination, then send the request with a SAS that lives as long as the copy may take, up to two weeks";

const transientSourceCodes: ReadonlySet<string> = new Set([
  "InternalError",
  "OperationTimedOut",
  "ServerBusy",
]);

/**
 * Takes a refused call apart. `sas` is the one that stands behind the call's side (source or
 * destination): a 403 with an expired SAS is told from a 403 with a wrong one by looking at it.
 */
export function classifyError(
  call: StorageCallName,
  answer: StorageErrorResponse,
  context: { action: string; sas: Sas | null; now: number },
): Verdict {
  const storage = { status: answer.status, code: answer.code };
  const said = `${answer.status === 0 ? "no answer" : answer.status}${answer.code === null ? "" : ` ${answer.code}`}`;
  if (isTransient(answer)) {
    const cause = answer.status === 429 || answer.status === 503 ? "throttled" : "internal";
    const message = `Cannot ${context.action} now: Storage gave ${said}`;
    const { retryAfterSeconds } = answer;
    return { kind: "transient", failure: failure(cause, message, storage), retryAfterSeconds };
  }
  const row = storageErrors.find((candidate) => fits(candidate, call, bySource(call, answer)));
  if (row === undefined) {
    const message = `Cannot ${context.action}: Storage gave ${said}`;
    return { kind: "permanent", failure: failure("not-supported", message, storage) };
  }
  const [, , , rowCause, says] = row;
  // The SAS of a start is its source's.
  if (rowCause === "destination-unauthorized" && call !== "start") {
    const { sas, now } = context;
    if (sas !== null && hasSasEnded(sas, now)) {
      const message = `Cannot ${context.action} as ${endOf(sas)}: Storage gave ${said}`;
      return {
        kind: "permanent",
        failure: { ...failure(rowCause, message, storage), fix: laterSas },
      };
    }
  }
  const cause = rowCause === "source-unauthorized" ? sourceCause(context) : rowCause;
  const reason = sasReason(cause, context) ?? says;
  const message = `Cannot ${context.action} as ${reason}: Storage gave ${said}`;
  const kind = overtaking.has(cause) ? "stale-plan" : "permanent";
  const reasonFor = failure(cause, message, storage);
  const withSas = context.sas !== null && cause === "source-unauthorized";
  return { kind, failure: withSas ? { ...reasonFor, fix: otherSas } : reasonFor };
}

function isTransient(answer: StorageErrorResponse): boolean {
  return (
    answer.status === 0 ||
    answer.status === 408 ||
    answer.status === 429 ||
    (answer.status >= 500 && answer.status !== 501) ||
    (answer.sourceCode !== null && transientSourceCodes.has(answer.sourceCode))
  );
}

function fits(
  [calls, status, code]: Row,
  call: StorageCallName,
  answer: StorageErrorResponse,
): boolean {
  return (
    calls.includes(call) &&
    (status === null || status === answer.status) &&
    (code === null || code.test(answer.code ?? ""))
  );
}

/** Since version 2025-11-05 a refused start tells the source's own status, whatever its code is. */
function bySource(call: StorageCallName, answer: StorageErrorResponse): StorageErrorResponse {
  return call === "start" && answer.sourceStatus !== null
    ? { ...answer, status: answer.sourceStatus, code: "CannotVerifyCopySource" }
    : answer;
}

function sourceCause({ sas, now }: { sas: Sas | null; now: number }): Cause {
  if (sas === null) return "source-unauthorized";
  const { startsAt } = sasTerms(sas);
  if (hasSasEnded(sas, now)) return "source-sas-expired";
  if (startsAt !== null && startsAt > now) return "source-sas-not-yet-valid";
  return "source-unauthorized";
}

function sasReason(cause: Cause, { sas }: { sas: Sas | null }): string | null {
  if (sas === null) return null;
  const { startsAt, permissions } = sasTerms(sas);
  if (cause === "source-sas-expired") return endOf(sas);
  if (cause === "source-sas-not-yet-valid") return `the SAS begins at ${toIso(startsAt ?? 0)}`;
  if (cause === "source-unauthorized" && permissions?.includes("r") === false) {
    return `the SAS has the permissions "${permissions}", not "r"`;
  }
  return null;
}

function endOf(sas: Sas): string {
  return `the SAS ended at ${toIso(sasTerms(sas).expiresAt ?? 0)}`;
}

/** The caller's SAS or the app's identity has no permission for the call. */
export function isUnauthorized({ status }: StorageErrorResponse): boolean {
  return status === 401 || status === 403;
}

/** The app's identity has no role there, is unknown to the account, or got no token. */
export function isIdentityRefused(response: StorageErrorResponse): boolean {
  return isUnauthorized(response) || response.code === "IdentityUnavailable";
}

/** An anonymous read was refused, or Storage hides whether the blob or file exists. */
export function isNotPublic(response: StorageErrorResponse): boolean {
  return isUnauthorized(response) || response.status === 404 || response.status === 409;
}

/**
 * There is no pending copy with this copyId ("Abort Copy Blob": 409), or no destination any more (404). Reading
 * the destination shows which.
 */
export function isNothingToAbort({ status }: StorageErrorResponse): boolean {
  return status === 404 || status === 409;
}

/** The lease was never taken or has been broken (409), or the blob is gone (404) ("Lease Blob", outcomes). */
export function isNotLeased({ status }: StorageErrorResponse): boolean {
  return status === 404 || status === 409;
}

/** The blob was deleted, or another writer has changed it since the ETag of the condition. */
export function isGoneOrReplaced({ status, code }: StorageErrorResponse): boolean {
  return status === 404 || (status === 412 && code === "ConditionNotMet");
}

/** A conditional write lost to another writer: its condition failed, or a copy onto the blob is pending. */
export function isOvertaken({ code }: StorageErrorResponse): boolean {
  return /ConditionNotMet$|^PendingCopyOperation$|^BlobNotFound$/.test(code ?? "");
}

/** The account supports no index tags, for example one with a hierarchical namespace. */
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
 * Storage certainly did nothing. A time-out, a 500 or a missing response leaves that open; a busy server does
 * not: it was "unable to receive requests" ("Common REST API error codes").
 */
export function isDefiniteRefusal({ status, code }: StorageErrorResponse): boolean {
  if (status === 0) return unsent.has(code);
  return code === "ServerBusy" || (status >= 400 && status < 500 && status !== 408);
}

/** The container exists and holds no such blob. A HEAD response may carry no code. */
export function isBlobAbsent({ status, code }: StorageErrorResponse): boolean {
  return status === 404 && (code === null || code === "BlobNotFound");
}

/** The folder exists and holds no such file. A missing folder or share has another code. */
export function isFileAbsent({ status, code }: StorageErrorResponse): boolean {
  return status === 404 && (code === null || code === "ResourceNotFound");
}
