import type { CopyStatusName, EndedCopyStatus, Progress } from "./copy-status.ts";
import { isoDate } from "./dates.ts";
import { failure } from "./failure.ts";
import type { Failure } from "./failure.ts";

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
  /** ISO 8601. */
  completedAt: string;
  /** What could not be undone, in words; empty when nothing of ours is left. */
  residue: string[];
};

type Circumstances = {
  copyId: string | null;
  abortRequested: boolean;
  residue: string[];
  /** Epoch ms. */
  completedAt: number;
};

/** Puts an ending into the caller's words. An `aborted` that nobody asked for is named as what it is. */
export function outcomeOf(ending: Ending, circumstances: Circumstances): Outcome {
  const { copyId, abortRequested, residue } = circumstances;
  const rest = {
    copyId,
    copyStatus: copyStatusOf(ending),
    progress: "progress" in ending ? ending.progress : null,
    abortRequested,
    completedAt: isoDate(circumstances.completedAt),
    residue,
  };
  switch (ending.state) {
    case "success":
      return { status: "succeeded", ...rest };
    case "aborted":
      return abortRequested
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
