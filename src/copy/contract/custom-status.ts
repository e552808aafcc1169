import type { CopyId } from "./ids.ts";
import type { CopyStatusName, Progress } from "./copy-status.ts";

/**
 * The orchestration's custom status while a copy runs. It contains only what changes and no URL, so it
 * stays far below the 16 KiB of UTF-16 that Durable accepts. Times are ISO 8601.
 */
export type CustomStatus = {
  status: "queued" | "copying" | "aborting";
  copyId: CopyId | null;
  copyStatus: CopyStatusName | null;
  abortRequested: boolean;
  progress: Progress | null;
  /** Null until the polls show progress. */
  bytesPerSecond: number | null;
  /** Null while it cannot be estimated, and while the copy stands still. */
  estimatedCompletion: string | null;
  readAt: string | null;
  statusReads: number;
  nextReadAt: string | null;
  warning: string | null;
  startedAt: string | null;
  lastUpdatedAt: string;
  /** The copy has ended and its outcome is in the ledger; the instance is only sending notifications. */
  settled?: true;
};
