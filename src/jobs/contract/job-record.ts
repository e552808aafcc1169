import type { Cause } from "../../copy/contract/failure.ts";
import type { EpochMs } from "../../copy/time.ts";
import type { JobFailure } from "./job-failure.ts";
import type { JobInput } from "./job-input.ts";
import type { Loss, PageStart } from "./page.ts";

/**
 * The record of a job in the ledger. HTTP calls write the order of a caller; the activity reads it, and writes the
 * progress. Every write is conditional on the content that it replaces. A stored shape: fields may be added, never
 * changed or removed.
 */
export type JobRecord = {
  version: 1;
  input: JobInput;
  /** The latest order of a caller. */
  wanted: "run" | "pause" | "abort";
  /** The number of its newest orchestration, counted from 1. Only this one works. */
  generation: number;
  /** Plan every page, and copy nothing. */
  dryRun: boolean;
  /** The job has paused. */
  isPaused: boolean;
  /** The first file of the report is written, or no report is wanted. */
  isChecked: boolean;
  /** Why the job starts no further objects; null while it does. */
  stopped: JobFailure | null;
  /** Why the job makes no progress now; null while it does. */
  warning: string | null;
  /** Since when the SAS of a side could not be opened because its key is missing (epoch ms); empty without such a side. */
  sealedSince: { readonly source?: EpochMs; readonly destination?: EpochMs };
  /** Where the next page begins; null when all pages are planned. */
  next: PageStart | null;
  /** Pages with a plan. */
  plannedPages: number;
  planned: Amount;
  /** Blobs that `select` left out. */
  leftOut: number;
  /** Pages of which all objects were started; the next one is worked on. */
  startedPages: number;
  /** The pages that are not finished, of those that have been worked on. */
  open: readonly OpenPage[];
  /** The finished pages. */
  done: Counts;
  donePages: number;
  /** The first failed objects of the finished pages. */
  failures: readonly FailedObject[];
  throttle: Throttle;
  /** The latest totals, oldest first, for the rate. */
  rates: readonly RatePoint[];
  /** ISO 8601; null until then. */
  startedAt: string | null;
  updatedAt: string;
  /** How the job will end, once its manifest is written. */
  ending: JobEnd | null;
  end: JobEnd | null;
};

export type JobEnd = {
  status: "planned" | "succeeded" | "failed" | "aborted";
  error: JobFailure | null;
  /** ISO 8601. */
  at: string;
};

export type Amount = { objects: number; bytes: number };

/** The counts of the objects of finished pages, or of one page. Bytes are those of the sources. */
export type Counts = {
  copied: Amount;
  pending: Amount;
  /** Of the pending copies. */
  pendingBytesCopied: number;
  skipped: number;
  failed: Partial<Record<Cause, number>>;
  aborted: number;
  notStarted: number;
  lost: Partial<Record<Loss, number>>;
};

export const noCounts: Counts = {
  copied: { objects: 0, bytes: 0 },
  pending: { objects: 0, bytes: 0 },
  pendingBytesCopied: 0,
  skipped: 0,
  failed: {},
  aborted: 0,
  notStarted: 0,
  lost: {},
};

/** `dueAt`: when its pending copies are polled (epoch ms); null while objects must still be started. */
export type OpenPage = {
  page: number;
  dueAt: EpochMs | null;
  counts: Counts;
  failures: readonly FailedObject[];
};

export type FailedObject = { name: string; cause: Cause; message: string };

/** The maximum number of failed objects that a job shows. */
export const maxShownFailures = 20;

/** `window`: calls at the same time; `pausedUntil`: no start before (epoch ms). `times`: throttled calls until now. */
export type Throttle = {
  window: number;
  pausedUntil: EpochMs | null;
  times: number;
  lastAt: EpochMs | null;
};

/** The totals at a time (epoch ms). */
export type RatePoint = { at: EpochMs; objects: number; bytes: number };
