import type { CopyStatusName, Progress } from "./copy-status.ts";

/**
 * What a running copy says of itself: the orchestration's custom status. It holds only what changes,
 * no URL, and stays far below the 16 KiB of UTF-16 that Durable accepts. Times are ISO 8601.
 */
export type CustomStatus = {
  status: "queued" | "copying" | "aborting";
  copyId: string | null;
  copyStatus: CopyStatusName | null;
  abortRequested: boolean;
  progress: Progress | null;
  /** Null until two reads have shown a difference. */
  bytesPerSecond: number | null;
  /** Null while nobody can know, and while the copy stands still. */
  estimatedCompletion: string | null;
  readAt: string | null;
  statusReads: number;
  nextReadAt: string | null;
  warning: string | null;
  startedAt: string | null;
  lastUpdatedAt: string;
  /** The copy has ended, and its outcome is in the ledger; the run only tells others of it. */
  settled?: true;
};
