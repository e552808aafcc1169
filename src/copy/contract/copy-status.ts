import type { EpochMs } from "../time.ts";
import type { Failure } from "./failure.ts";

/** Bytes that Storage reports as copied ("Get Blob Properties", x-ms-copy-progress). */
export type Progress = { bytesCopied: number; totalBytes: number };

/** The values of x-ms-copy-status. */
export type CopyStatusName = "pending" | "success" | "failed" | "aborted";

/** The result of one poll of the destination for our copy. */
export type CopyStatus = Dated &
  (
    | {
        kind: "pending";
        progress: Progress | null;
        /** Storage's description of an error that it is retrying (x-ms-copy-status-description). */
        warning: string | null;
        /** The destination's (bare) ETag; absent in results of older releases. */
        etag?: string;
      }
    | ({ kind: "success"; progress: Progress } & FinalProperties)
    | ({ kind: "failed"; failure: Failure; progress: Progress | null } & FinalProperties)
    | ({ kind: "aborted"; progress: Progress | null } & FinalProperties)
    /** The destination exists, but our copy is no longer its last one. */
    | { kind: "superseded"; failure: Failure }
    | { kind: "gone"; failure: Failure }
    /** Outcome unknown: the destination is no longer readable, or was not until Storage's limit of two weeks. */
    | { kind: "unobservable"; failure: Failure }
    /** The poll failed; the copy itself may be fine. */
    | TransientFailure
  );

/**
 * When the activity read the destination, by its host's clock (epoch ms). Its orchestration may get the result minutes
 * later. Absent in results of older releases, and if nothing was read.
 */
type Dated = { readAt?: EpochMs };

/** The destination after the copy; `endedAt` is Storage's completion time (epoch ms). */
type FinalProperties = { etag: string; endedAt: EpochMs | null };

/** A transient failure: try the step again, after Storage's Retry-After if there was one. */
export type TransientFailure = {
  kind: "transient-failure";
  failure: Failure;
  retryAfterSeconds: number | null;
};

/** A status after which Storage no longer works on our copy. */
export type FinalCopyStatus = Exclude<CopyStatus, { kind: "pending" } | TransientFailure>;

export function isFinal(status: CopyStatus): status is FinalCopyStatus {
  return status.kind !== "pending" && status.kind !== "transient-failure";
}

/** Parses `copied/total`; null when the header is absent or malformed. */
export function parseProgress(text: string | undefined): Progress | null {
  const match = /^(\d{1,16})\/(\d{1,16})$/.exec(text ?? "");
  if (match === null) return null;
  return { bytesCopied: Number(match[1]), totalBytes: Number(match[2]) };
}

/** The facts of the outcome that only the orchestration knows. `startedAt` is ISO 8601. */
export type OrchestrationRecord = {
  abortRequested: boolean;
  startedAt: string | null;
  statusReads: number;
};
