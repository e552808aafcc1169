import type { CopyId, InstanceId } from "../copy/contract/ids.ts";
import { endpointUrl } from "../copy/location/endpoint.ts";
import { failure } from "../copy/contract/failure.ts";
import type { Cause } from "../copy/contract/failure.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import type {
  CopyEndpoints,
  CopyInput,
  CopyOwner,
  CopyPlan,
  Settlement,
} from "../copy/contract/activities.ts";
import type { ShownOptions } from "../copy/decisions/has-other-options.ts";
import { requestText } from "../copy/contract/request-rules.ts";
import { epochMs, toIso } from "../copy/time.ts";
import type { EpochMs } from "../copy/time.ts";
import { lockName } from "./destinations/destination-names.ts";
import { hash } from "./hash.ts";

/**
 * Everything that the ledger stores about one copy, except its lock. A stored shape: fields may be added, but never
 * changed or removed. Every write is conditional on the ETag of the content that it replaces, so no start can be
 * registered after a record shows that the copy has ended, is being settled or must be aborted.
 */
export type CopyRecord = {
  /** URLs without a secret; null, like `createdAt` and `lock`, if they were not known when the record was written. */
  source: string | null;
  destination: string | null;
  /** ISO 8601. */
  createdAt: string | null;
  /** The name of the lock of its destination. */
  lock: string | null;
  /** The name of its claim; null without an Idempotency-Key or event. */
  claim: string | null;
  /** Who may list it (`CopyEndpoints`); null if the request had no principal. */
  owner: CopyOwner | null;
  /** The copy that this one repeats; null if it repeats none. */
  retryOf: InstanceId | null;
  /** A hash of the request (`requestText`). Only an input with the same hash starts the copy. */
  request: string | null;
  /** The plan of the last start attempt. */
  plan: CopyPlan | null;
  attempt: StartAttempt | null;
  /** The plan of an earlier attempt that never got a response, and could no longer arrive when the last was registered. */
  unanswered: CopyPlan | null;
  /** The options of the attempts that the destination of a copy shows; null if the request has none of them. */
  shownOptions: ShownOptions | null;
  copyId: CopyId | null;
  /** When Storage responded to the start that has the copyId (ISO 8601). */
  startedAt: string | null;
  /** The input for settling the copy; from then on, no attempt is registered. */
  settlement: Settlement | null;
  outcome: Outcome | null;
  abortRequested: boolean;
  /** The settings allowed the copy to lease this source. */
  leasesSource: boolean;
  /** The copy that was pending on the source when Ferry found that the event belongs to it; null if none was. */
  awaitedCopyId: CopyId | null;
  /** The ETag of a lock that the copy releases in order to wait; no attempt is registered under it. */
  releasedLock: string | null;
  /** When a caller deleted the copy (ISO 8601). The record stays until the purge, so that no late run starts the copy. */
  deletedAt: string | null;
};

/** One start attempt. Until `until` (epoch ms) its request may arrive at Storage. */
export type StartAttempt = {
  /** The orchestration counts its attempts from 1. */
  number: number;
  /** The execution of the activity that registered it. */
  run: string;
  until: EpochMs;
  /** Storage has responded to it, or it was not sent. */
  isAnswered: boolean;
};

/** The parts of a record that a repair continues with. */
export type ToRepair = Pick<CopyRecord, "plan" | "copyId" | "settlement">;

/** A record as it was read; `changedAt`: epoch ms. */
export type FoundRecord = CopyRecord & { etag: string; changedAt: EpochMs };

/**
 * The part of a copy that its record shows. `createdAt`: ISO 8601; null if it is not known. `options`: absent if only
 * the endpoints are known.
 */
export type RecordedCopy =
  | CopyInput
  | (Pick<CopyEndpoints, "source" | "destination" | "claim" | "retryOf"> & {
      /** Required, because a record without an owner belongs to a caller without a principal. */
      owner: CopyOwner | undefined;
      createdAt: string | null;
    });

/** The parts of a record that are not known yet. */
export const emptyRecord: CopyRecord = {
  source: null,
  destination: null,
  createdAt: null,
  lock: null,
  claim: null,
  owner: null,
  retryOf: null,
  request: null,
  plan: null,
  attempt: null,
  unanswered: null,
  shownOptions: null,
  copyId: null,
  startedAt: null,
  settlement: null,
  outcome: null,
  abortRequested: false,
  leasesSource: false,
  awaitedCopyId: null,
  releasedLock: null,
  deletedAt: null,
};

/** Builds the record of a copy that has not been started. */
export function newRecord(copy: RecordedCopy): CopyRecord {
  const { source, destination, createdAt, claim = "", owner, retryOf } = copy;
  return {
    ...emptyRecord,
    source: endpointUrl(source),
    destination: endpointUrl(destination),
    createdAt,
    lock: lockName(destination),
    claim: claim === "" ? null : claim,
    owner: owner ?? null,
    retryOf: retryOf ?? null,
    request: "options" in copy ? hashRequest(copy) : null,
  };
}

/** Returns a hash of the request, without its secrets. */
export function hashRequest(copy: CopyInput): string {
  return hash(requestText(copy));
}

/** Returns true if the record shows that a different request was made under the id of this copy. */
export function isOfOther({ request, source, destination }: CopyRecord, copy: CopyInput): boolean {
  if (request !== null) return request !== hashRequest(copy);
  return (
    (source !== null && source !== endpointUrl(copy.source)) ||
    (destination !== null && destination !== endpointUrl(copy.destination))
  );
}

/** Returns true if a caller has deleted the copy. Its record never changes again. */
export function isDeleted({ deletedAt }: CopyRecord): boolean {
  return deletedAt !== null;
}

/** Returns true if no further start attempt may be registered. */
export function isClosed({ outcome, settlement, abortRequested }: CopyRecord): boolean {
  return outcome !== null || settlement !== null || abortRequested;
}

/** Returns true if the last attempt may have started a copy whose copyId is not known. */
export function isUnanswered({ attempt, copyId }: CopyRecord): boolean {
  return attempt !== null && !attempt.isAnswered && copyId === null;
}

/** The plans of start attempts that may have started a copy whose copyId is not known; latest first. */
export function unansweredPlans(record: CopyRecord): CopyPlan[] {
  if (record.copyId !== null) return [];
  const last = isUnanswered(record) ? record.plan : null;
  return [last, record.unanswered].filter((plan) => plan !== null);
}

/** Returns true if Storage has started the copy, or may have done so. */
export function mayBeStarted(record: CopyRecord): boolean {
  return record.copyId !== null || unansweredPlans(record).length > 0;
}

/** No attempt can be in flight after this time (epoch ms). */
export function busyUntil(record: CopyRecord): EpochMs {
  return isUnanswered(record) && record.attempt !== null ? record.attempt.until : epochMs(0);
}

/**
 * Registers an attempt. The earlier one, if it got no response, can no longer arrive: if the destination was deleted
 * between two attempts in flight, the conditions of both would hold.
 */
export function withAttempt(record: CopyRecord, plan: CopyPlan, attempt: StartAttempt): CopyRecord {
  return { ...record, plan, attempt, unanswered: unansweredPlans(record)[0] ?? null };
}

/** Storage has responded to the attempt without starting a copy, or it was not sent. */
export function withAnswer(record: CopyRecord): CopyRecord {
  const { attempt } = record;
  return { ...record, attempt: attempt === null ? null : { ...attempt, isAnswered: true } };
}

/** Storage has started this copy, with this plan. Only one attempt can have done so, so it resolves all others. */
export function withCopy(
  record: CopyRecord,
  { plan, copyId }: { plan: CopyPlan; copyId: CopyId },
  now: EpochMs,
): CopyRecord {
  if (record.copyId !== null) return record;
  return { ...withAnswer(record), plan, copyId, unanswered: null, startedAt: toIso(now) };
}

/** Records that an abort was requested; null if the copy has an outcome, or if the abort is already recorded. */
export function withAbort(record: CopyRecord, copy: RecordedCopy): CopyRecord | null {
  if (record.outcome !== null || record.abortRequested) return null;
  return { ...withPlace(record, copy), abortRequested: true };
}

/** Adds the endpoints, the time, the lock and the claim of the copy, unless the record has them. */
export function withPlace(record: CopyRecord, copy: RecordedCopy): CopyRecord {
  if (record.lock !== null) return record;
  const { source, destination, createdAt, lock, claim, owner, retryOf, request } = newRecord(copy);
  return { ...record, source, destination, createdAt, lock, claim, owner, retryOf, request };
}

/** The first outcome is final. A requested abort stays true, even if the orchestration never received it. */
export function withOutcome(record: CopyRecord, outcome: Outcome): CopyRecord {
  if (record.outcome !== null) return record;
  const abortRequested = outcome.abortRequested || record.abortRequested;
  const { source, destination, createdAt, lock, claim, owner, retryOf, request } = record;
  const { leasesSource } = record;
  return {
    ...emptyRecord,
    leasesSource,
    source,
    destination,
    createdAt,
    lock,
    claim,
    owner,
    retryOf,
    request,
    outcome: { ...outcome, abortRequested },
    abortRequested,
  };
}

/**
 * Removes the details of a deleted copy from its record, and every sentence about it, because sentences contain URLs.
 * The rest prevents every further start with this id: a start, an abort or a settlement that Durable runs again minutes
 * later finds the outcome and changes nothing. If there is no outcome, "aborted" is recorded.
 */
export function withDeletion(record: CopyRecord, now: EpochMs): CopyRecord {
  const { createdAt, claim, request, outcome } = record;
  return {
    ...emptyRecord,
    createdAt,
    claim,
    request,
    outcome: bareOutcome(outcome ?? abortedAt(toIso(now))),
    abortRequested: true,
    deletedAt: toIso(now),
  };
}

function abortedAt(at: string): Outcome {
  const times = { startedAt: null, completedAt: at, settledAt: at };
  return { status: "aborted", ...unknownDetails, abortRequested: true, ...times };
}

/** Keeps the status, the cause and the times of an outcome. */
function bareOutcome(outcome: Outcome): Outcome {
  const { abortRequested, startedAt, completedAt, settledAt } = outcome;
  const rest = { ...unknownDetails, abortRequested, startedAt, completedAt, settledAt };
  switch (outcome.status) {
    case "failed":
      return { status: "failed", failure: failure(outcome.failure.cause, deletedText), ...rest };
    case "skipped":
      return { status: "skipped", reason: deletedText, ...rest };
    default:
      return { status: outcome.status, ...rest };
  }
}

const unknownDetails = {
  copyId: null,
  copyStatus: null,
  progress: null,
  statusReads: 0,
  residue: [],
};

const deletedText = "The copy was deleted";

/** In characters. All metadata of a blob has at most 8 KiB, and a single long URL can exceed that. */
export const maxColumnLength = 2_048;

/**
 * The columns of a list, as metadata that List Blobs returns. Metadata must be ASCII, and URLs are. A longer URL is
 * truncated; the record itself contains the complete URL.
 */
export function summary(record: CopyRecord): Record<string, string> {
  const { source, destination, createdAt, claim, owner, outcome, deletedAt } = record;
  const progress = outcome?.progress ?? null;
  const columns = {
    status: outcome?.status ?? "running",
    source: source === null ? null : toColumn(source),
    destination: destination === null ? null : toColumn(destination),
    createdAt,
    claim,
    owner,
    completedAt: outcome?.completedAt ?? deletedAt,
    deletedAt,
    cause: outcome?.status === "failed" ? outcome.failure.cause : null,
    bytes: progress === null ? null : String(progress.bytesCopied),
  };
  const known = Object.entries(columns).filter(
    (column): column is [string, string] => column[1] !== null,
  );
  return Object.fromEntries(known);
}

/** A URL as a column of a list. */
export function toColumn(url: string): string {
  return url.length <= maxColumnLength ? url : `${url.slice(0, maxColumnLength)}...`;
}

/** A copy as the columns of its record show it. Times are ISO 8601. */
export type ListedCopy = {
  instanceId: InstanceId;
  isDeleted: boolean;
  /** Its position in the list; `time` sorts before all copies of the same ms. Both sort as strings. */
  position: string;
  time: string;
  status: "running" | Outcome["status"];
  /** The first 2,048 characters; null if it was not known. */
  source: string | null;
  destination: string | null;
  createdAt: string | null;
  completedAt: string | null;
  owner: CopyOwner | null;
  /** Why it failed; null if it did not. */
  cause: Cause | null;
  /** The bytes that Storage copied; null while it runs, and if Storage did not report them. */
  bytes: number | null;
};

/** Returns true if a listed URL is truncated. */
export function isTruncated(url: string | null): boolean {
  return url !== null && url.length > maxColumnLength;
}

/** The id of a copy, and the columns that the purge needs. `completedAt`: ISO 8601; null while it is running. */
export type ListedRecord = { instanceId: InstanceId; completedAt: string | null };
