import type { CopyStatusName, EndedCopyStatus, Progress } from "./copy-status.ts";
import { isoDate } from "../time.ts";
import { failure } from "./failure.ts";
import type { Failure } from "./failure.ts";
import type { RunRecord } from "./copy-status.ts";

/** Why the copy ended, before anything is cleaned up. */
export type Ending =
  | EndedCopyStatus
  | { state: "not-started"; why: "aborted" }
  | { state: "not-started"; why: "skipped"; reason: string }
  | { state: "not-started"; why: "failed"; failure: Failure };

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

type Circumstances = {
  copyId: string | null;
  record: RunRecord;
  residue: string[];
  /** Epoch ms. */
  settledAt: number;
};

/** Puts an ending into the caller's words. An `aborted` that nobody asked for is named as what it is. */
export function outcomeOf(ending: Ending, circumstances: Circumstances): Outcome {
  const { copyId, record, residue } = circumstances;
  const settledAt = isoDate(circumstances.settledAt);
  const endedAt = "endedAt" in ending ? ending.endedAt : null;
  const rest = {
    copyId,
    copyStatus: copyStatusOf(ending),
    progress: "progress" in ending ? ending.progress : null,
    ...record,
    completedAt: endedAt === null ? settledAt : isoDate(endedAt),
    settledAt,
    residue,
  };
  switch (ending.state) {
    case "success":
      return { status: "succeeded", ...rest };
    case "aborted":
      return record.abortRequested
        ? { status: "aborted", ...rest }
        : { status: "failed", failure: abortedByOthers(copyId), ...rest };
    case "not-started":
      if (ending.why === "aborted") return { status: "aborted", ...rest };
      if (ending.why === "skipped") return { status: "skipped", reason: ending.reason, ...rest };
      return { status: "failed", failure: ending.failure, ...rest };
    default:
      return { status: "failed", failure: ending.failure, ...rest };
  }
}

function copyStatusOf(ending: Ending): CopyStatusName | null {
  return ending.state === "success" || ending.state === "failed" || ending.state === "aborted"
    ? ending.state
    : null;
}

function abortedByOthers(copyId: string | null): Failure {
  return failure(
    "superseded",
    `Cannot finish the copy as somebody else aborted it at Storage: copyId ${copyId ?? "unknown"}`,
  );
}
