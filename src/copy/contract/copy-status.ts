import type { Failure } from "./failure.ts";

/** Bytes that Storage says it has copied ("Get Blob Properties", x-ms-copy-progress). */
export type Progress = { bytesCopied: number; totalBytes: number };

/** The four words of x-ms-copy-status. */
export type CopyStatusName = "pending" | "success" | "failed" | "aborted";

/** What one look at the destination says about our copy. */
export type CopyStatus =
  | {
      kind: "pending";
      progress: Progress | null;
      /** Storage's note about an error that it is still retrying (x-ms-copy-status-description). */
      warning: string | null;
    }
  | ({ kind: "success"; progress: Progress } & FinalProperties)
  | ({ kind: "failed"; failure: Failure; progress: Progress | null } & FinalProperties)
  | ({ kind: "aborted"; progress: Progress | null } & FinalProperties)
  /** The destination is there, but no longer carries our copy. */
  | { kind: "superseded"; failure: Failure }
  | { kind: "gone"; failure: Failure }
  /** Nobody may look any more, or Storage let nobody until its own two weeks were over. */
  | { kind: "unobservable"; failure: Failure }
  /** Storage could not be asked; the copy itself may be well. */
  | TransientFailure;

/** The destination as the end of the copy left it; `endedAt` is Storage's own time, epoch ms. */
type FinalProperties = { etag: string; endedAt: number | null };

/** A transient failure: the step is to be tried again, after Storage's own delay where it gave one. */
export type TransientFailure = {
  kind: "transient-failure";
  failure: Failure;
  retryAfterSeconds: number | null;
};

/** A status after which Storage does no more work on our copy. */
export type FinalCopyStatus = Exclude<CopyStatus, { kind: "pending" } | TransientFailure>;

export function isFinal(status: CopyStatus): status is FinalCopyStatus {
  return status.kind !== "pending" && status.kind !== "transient-failure";
}

/** Reads `copied/total`; null where the header is absent or malformed. */
export function parseProgress(text: string | undefined): Progress | null {
  const match = /^(\d{1,16})\/(\d{1,16})$/.exec(text ?? "");
  if (match === null) return null;
  return { bytesCopied: Number(match[1]), totalBytes: Number(match[2]) };
}

/** What only the run knows of itself, for the outcome. */
export type OrchestrationRecord = {
  abortRequested: boolean;
  startedAt: string | null;
  statusReads: number;
};
