import type { CopyId } from "./ids.ts";
import type { CopyStatusName, FinalCopyStatus, Progress } from "./copy-status.ts";
import { earliest, epochMs, latest, parseTime, toIso } from "../time.ts";
import type { EpochMs } from "../time.ts";
import { failure } from "./failure.ts";
import type { Failure } from "./failure.ts";
import type { OrchestrationRecord } from "./copy-status.ts";

/** How a copy ended, before clean-up. */
export type CopyResult =
  | FinalCopyStatus
  | { kind: "aborted-before-start" }
  | { kind: "skipped"; reason: string }
  | { kind: "not-started"; failure: Failure };

/** The residue of an unsuccessful copy that replaced content and did not restore it. */
export const formerContentGone =
  "The destination's former content is gone: the unsuccessful copy replaced it";

/** How a copy ended, after clean-up. It is the orchestration's output, so its shape is append-only. */
export type Outcome = (
  | { status: "succeeded" }
  | { status: "skipped"; reason: string }
  | { status: "failed"; failure: Failure }
  | { status: "aborted" }
) & {
  copyId: CopyId | null;
  copyStatus: CopyStatusName | null;
  progress: Progress | null;
  /** Also true when the copy completed before it could be aborted. */
  abortRequested: boolean;
  /** When Storage responded to the start; never later than `completedAt`. All times are ISO 8601. */
  startedAt: string | null;
  statusReads: number;
  /**
   * Storage's completion time, in whole seconds, or the time of the request if that is later; `settledAt` when Storage
   * reported none. So `createdAt` ≤ `startedAt` ≤ `completedAt`.
   */
  completedAt: string;
  /** Storage's own completion time (x-ms-copy-completion-time); absent in outcomes of older releases. */
  copyCompletedAt?: string | null;
  /** When the copy was cleaned up and its outcome recorded. */
  settledAt: string;
  /** Sentences that say what could not be cleaned up; empty when everything was. */
  residue: string[];
};

type OutcomeDetails = {
  copyId: CopyId | null;
  record: OrchestrationRecord;
  residue: string[];
  /** Epoch ms. */
  settledAt: EpochMs;
  /** When the copy was requested (ISO 8601); null if that is unknown. */
  createdAt: string | null;
};

/** Builds the outcome of a result. An abort that no caller requested is a failure: another client aborted it. */
export function buildOutcome(result: CopyResult, details: OutcomeDetails): Outcome {
  const { copyId, record, residue } = details;
  const settledAt = toIso(details.settledAt);
  const endedAt = "endedAt" in result ? result.endedAt : null;
  const requestedAt = details.createdAt === null ? epochMs(0) : parseTime(details.createdAt);
  const completedAt = latest(endedAt ?? details.settledAt, requestedAt);
  const rest = {
    copyId,
    copyStatus: copyStatusOf(result),
    progress: "progress" in result ? result.progress : null,
    ...record,
    // Storage reports whole seconds: a copy that completes in the start's response ended before that response arrived.
    startedAt:
      record.startedAt === null ? null : toIso(earliest(parseTime(record.startedAt), completedAt)),
    completedAt: toIso(completedAt),
    copyCompletedAt: endedAt === null ? null : toIso(endedAt),
    settledAt,
    residue,
  };
  switch (result.kind) {
    case "success":
      return { status: "succeeded", ...rest };
    case "aborted":
      return record.abortRequested
        ? { status: "aborted", ...rest }
        : { status: "failed", failure: abortedByAnotherClient(copyId), ...rest };
    case "aborted-before-start":
      return { status: "aborted", ...rest };
    case "skipped":
      return { status: "skipped", reason: result.reason, ...rest };
    default:
      return { status: "failed", failure: result.failure, ...rest };
  }
}

function copyStatusOf(result: CopyResult): CopyStatusName | null {
  return result.kind === "success" || result.kind === "failed" || result.kind === "aborted"
    ? result.kind
    : null;
}

function abortedByAnotherClient(copyId: CopyId | null): Failure {
  return failure(
    "superseded",
    `Cannot finish the copy because another client aborted it: copyId ${copyId ?? "unknown"}`,
  );
}
