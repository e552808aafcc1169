import type { CopyId } from "./ids.ts";
import type { CopyStatusName, Progress } from "./copy-status.ts";

/**
 * The orchestration's custom status while a copy runs. It contains only data that changes and no URL, so it stays far
 * below the 16 KiB of UTF-16 that Durable accepts. Times are ISO 8601. Built in `orchestrations/status-report.ts`, read
 * in `instances/copy-view.ts`.
 */
export type CustomStatus = {
  status: "queued" | "copying" | "aborting";
  copyId: CopyId | null;
  copyStatus: CopyStatusName | null;
  abortRequested: boolean;
  progress: Progress | null;
  /** Null until polls have shown progress. */
  bytesPerSecond: number | null;
  /** Null while it cannot be estimated, and while the copy is stalled. */
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

/** The custom status of a copy that has not been started. `at`: ISO 8601. */
export function queuedStatus(at: string): CustomStatus {
  return {
    status: "queued",
    copyId: null,
    copyStatus: null,
    abortRequested: false,
    progress: null,
    bytesPerSecond: null,
    estimatedCompletion: null,
    readAt: null,
    statusReads: 0,
    nextReadAt: null,
    warning: null,
    startedAt: null,
    lastUpdatedAt: at,
  };
}
