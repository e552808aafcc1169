import type { CopyStatusName, FinalCopyStatus, Progress } from "./copy-status.ts";
import { toIso } from "../time.ts";
import { failure } from "./failure.ts";
import type { Failure } from "./failure.ts";
import type { OrchestrationRecord } from "./copy-status.ts";

/** Why the copy ended, before anything is cleaned up. */
export type CopyResult =
  | FinalCopyStatus
  | { kind: "aborted-before-start" }
  | { kind: "skipped"; reason: string }
  | { kind: "not-started"; failure: Failure };

/** How a copy ended. It is the orchestration's output, so its shape may grow but never change. */
export type Outcome = (
  | { status: "succeeded" }
  | { status: "skipped"; reason: string }
  | { status: "failed"; failure: Failure }
  | { status: "aborted" }
) & {
  copyId: string | null;
  copyStatus: CopyStatusName | null;
  progress: Progress | null;
  /** Stays true when the copy won the race against its abort. */
  abortRequested: boolean;
  startedAt: string | null;
  statusReads: number;
  /** When Storage ended the copy, or Ferry where Storage never said; ISO 8601, as all times here. */
  completedAt: string;
  /** When everything was cleaned up and kept. */
  settledAt: string;
  /** What could not be undone, in words; empty when nothing of ours is left. */
  residue: string[];
};

type OutcomeDetails = {
  copyId: string | null;
  record: OrchestrationRecord;
  residue: string[];
  /** Epoch ms. */
  settledAt: number;
};

/** Puts an result into the caller's words. An `aborted` that nobody asked for is named as what it is. */
export function buildOutcome(result: CopyResult, circumstances: OutcomeDetails): Outcome {
  const { copyId, record, residue } = circumstances;
  const settledAt = toIso(circumstances.settledAt);
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

function abortedByAnotherClient(copyId: string | null): Failure {
  return failure(
    "superseded",
    `Cannot finish the copy as somebody else aborted it at Storage: copyId ${copyId ?? "unknown"}`,
  );
}
