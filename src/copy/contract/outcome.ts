import type { CopyId } from "./ids.ts";
import type { CopyStatusName, FinalCopyStatus, Progress } from "./copy-status.ts";
import { toIso } from "../time.ts";
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
  startedAt: string | null;
  statusReads: number;
  /** Storage's completion time; `settledAt` when Storage reported none. All times are ISO 8601. */
  completedAt: string;
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
};

/** Builds the outcome of a result. An abort that no caller requested is a failure: another client aborted it. */
export function buildOutcome(result: CopyResult, details: OutcomeDetails): Outcome {
  const { copyId, record, residue } = details;
  const settledAt = toIso(details.settledAt);
  const endedAt = "endedAt" in result ? result.endedAt : null;
  const rest = {
    copyId,
    copyStatus: copyStatusOf(result),
    progress: "progress" in result ? result.progress : null,
    ...record,
    completedAt: endedAt === null ? settledAt : toIso(endedAt),
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
