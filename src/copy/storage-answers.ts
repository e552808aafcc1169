import { isoDate } from "./dates.ts";
import { failure } from "./failure.ts";
import type { Cause, Failure } from "./failure.ts";
import { sasTerms } from "./sas.ts";
import type { Sas } from "./sas.ts";

/** What Storage answered instead of doing what it was asked. `status` 0: no answer came at all. */
export type StorageAnswer = {
  status: number;
  code: string | null;
  /** x-ms-copy-source-status-code / -error-code: what the source said to the destination's service. */
  sourceStatus: number | null;
  sourceCode: string | null;
  retryAfterSeconds: number | null;
};

/** Which call was refused. */
export type Call = "read-source" | "read-destination" | "start" | "abort" | "clean-up";

/** How a refused call is to be taken. */
export type Verdict =
  | { kind: "transient"; failure: Failure; retryAfterSeconds: number | null }
  | { kind: "permanent"; failure: Failure }
  /** A condition that prepare set no longer holds. */
  | { kind: "overtaken"; failure: Failure };

type Row = {
  calls: readonly Call[];
  status?: number;
  code?: RegExp;
  sourceStatus?: number;
  cause: Cause;
  kind?: "overtaken";
  says: string;
};

const onSource: readonly Call[] = ["read-source"];
const onStart: readonly Call[] = ["start"];
const onDestination: readonly Call[] = ["read-destination", "start", "abort", "clean-up"];

/**
 * Storage's answers and their causes, the first row that fits. From "Copy Blob", "Abort Copy Blob",
 * "Blob service error codes" and "Common REST API error codes". `CannotVerifyCopySource` carries the
 * source's own status, so it is told apart by that, never by its name alone.
 */
export const storageAnswers: readonly Row[] = [
  { calls: onSource, status: 404, cause: "source-not-found", says: "the source does not exist" },
  {
    calls: onSource,
    status: 401,
    cause: "source-unauthorized",
    says: "the source wants authorization",
  },
  {
    calls: onSource,
    status: 403,
    cause: "source-unauthorized",
    says: "the source may not be read",
  },
  // An anonymous read of an account that forbids public access.
  {
    calls: onSource,
    status: 409,
    code: /^PublicAccessNotPermitted$/,
    cause: "source-unauthorized",
    says: "the source account allows no public access",
  },
  {
    calls: onSource,
    status: 409,
    cause: "source-unreadable",
    says: "the source cannot be read now",
  },

  {
    calls: onStart,
    code: /^SourceConditionNotMet$/,
    cause: "source-changed",
    kind: "overtaken",
    says: "the source changed",
  },
  {
    calls: onStart,
    code: /^(TargetConditionNotMet|ConditionNotMet|BlobAlreadyExists)$/,
    cause: "destination-exists",
    kind: "overtaken",
    says: "the destination changed",
  },
  {
    calls: onStart,
    code: /^PendingCopyOperation$/,
    cause: "destination-busy",
    kind: "overtaken",
    says: "another copy onto the destination is pending",
  },
  {
    calls: onStart,
    code: /^CannotVerifyCopySource$/,
    status: 404,
    cause: "source-not-found",
    says: "the source does not exist",
  },
  {
    calls: onStart,
    code: /^CannotVerifyCopySource$/,
    status: 401,
    cause: "source-unauthorized",
    says: "the source wants authorization",
  },
  {
    calls: onStart,
    code: /^CannotVerifyCopySource$/,
    status: 403,
    cause: "source-unauthorized",
    says: "the source may not be read",
  },
  {
    calls: onStart,
    code: /^CannotVerifyCopySource$/,
    cause: "source-unreadable",
    says: "the source cannot be verified",
  },
  {
    calls: onStart,
    sourceStatus: 404,
    cause: "source-not-found",
    says: "the source does not exist",
  },
  {
    calls: onStart,
    sourceStatus: 401,
    cause: "source-unauthorized",
    says: "the source wants authorization",
  },
  {
    calls: onStart,
    sourceStatus: 403,
    cause: "source-unauthorized",
    says: "the source may not be read",
  },
  {
    calls: onStart,
    code: /^(BlobArchived|BlobBeingRehydrated)$/,
    cause: "source-archived",
    says: "the source or the destination is archived",
  },
  {
    calls: onStart,
    code: /^InvalidBlobType$/,
    cause: "destination-type-mismatch",
    says: "the destination is a blob of another type",
  },

  {
    calls: onDestination,
    code: /^(LeaseIdMissing|LeaseIdMismatchWithBlobOperation|LeaseLost|LeaseNotPresentWithBlobOperation|InfiniteLeaseDurationRequired)$/,
    cause: "destination-leased",
    says: "the destination is leased",
  },
  {
    calls: onDestination,
    code: /^BlobImmutableDueToPolicy$/,
    cause: "destination-immutable",
    says: "the destination is immutable",
  },
  {
    calls: onDestination,
    code: /^WriteProtected|^InsufficientAccountPermissions$/,
    cause: "destination-read-only",
    says: "the destination is read-only",
  },
  {
    calls: onDestination,
    code: /^(ContainerNotFound|ContainerBeingDeleted|ContainerDisabled)$/,
    cause: "destination-not-found",
    says: "the destination container does not exist",
  },
  {
    calls: onDestination,
    code: /^UnauthorizedBlobOverwrite$/,
    cause: "destination-unauthorized",
    says: "the destination SAS may create but not overwrite",
  },
  {
    calls: onDestination,
    status: 404,
    cause: "destination-not-found",
    says: "the destination does not exist",
  },
  {
    calls: onDestination,
    status: 401,
    cause: "destination-unauthorized",
    says: "the destination wants authorization",
  },
  {
    calls: onDestination,
    status: 403,
    cause: "destination-unauthorized",
    says: "the destination may not be used",
  },
];

const transientSourceCodes: ReadonlySet<string> = new Set([
  "InternalError",
  "OperationTimedOut",
  "ServerBusy",
]);

/**
 * Takes a refused call apart. `sas` is the one that stands behind the call's side (source or
 * destination): a 403 with an expired SAS is told from a 403 with a wrong one by looking at it.
 */
export function classify(
  call: Call,
  answer: StorageAnswer,
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
  const row = storageAnswers.find((candidate) => fits(candidate, call, answer));
  if (row === undefined) {
    const message = `Cannot ${context.action}: Storage gave ${said}`;
    return { kind: "permanent", failure: failure("not-supported", message, storage) };
  }
  const cause = row.cause === "source-unauthorized" ? sourceCause(context) : row.cause;
  const message = `Cannot ${context.action} as ${sasTrouble(cause, context) ?? row.says}: Storage gave ${said}`;
  return { kind: row.kind ?? "permanent", failure: failure(cause, message, storage) };
}

function isTransient(answer: StorageAnswer): boolean {
  return (
    answer.status === 0 ||
    answer.status === 408 ||
    answer.status === 429 ||
    (answer.status >= 500 && answer.status !== 501) ||
    (answer.sourceCode !== null && transientSourceCodes.has(answer.sourceCode))
  );
}

function fits(row: Row, call: Call, answer: StorageAnswer): boolean {
  return (
    row.calls.includes(call) &&
    (row.status === undefined || row.status === answer.status) &&
    (row.sourceStatus === undefined || row.sourceStatus === answer.sourceStatus) &&
    (row.code === undefined || row.code.test(answer.code ?? ""))
  );
}

function sourceCause({ sas, now }: { sas: Sas | null; now: number }): Cause {
  if (sas === null) return "source-unauthorized";
  const { startsAt, expiresAt } = sasTerms(sas);
  if (expiresAt !== null && expiresAt <= now) return "source-sas-expired";
  if (startsAt !== null && startsAt > now) return "source-sas-not-yet-valid";
  return "source-unauthorized";
}

function sasTrouble(cause: Cause, { sas }: { sas: Sas | null }): string | null {
  if (sas === null) return null;
  const { startsAt, expiresAt, permissions } = sasTerms(sas);
  if (cause === "source-sas-expired") return `the SAS ended at ${isoDate(expiresAt ?? 0)}`;
  if (cause === "source-sas-not-yet-valid") return `the SAS begins at ${isoDate(startsAt ?? 0)}`;
  if (cause === "source-unauthorized" && permissions?.includes("r") === false) {
    return `the SAS has the permissions "${permissions}", not "r"`;
  }
  return null;
}
