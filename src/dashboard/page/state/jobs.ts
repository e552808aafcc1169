import { isJobAtRest } from "../../../client/ferry.ts";
import type { FerryError, Job, JobStatus, JobSummary } from "../../../client/ferry.ts";
import { emptyListing } from "./listing.ts";
import type { Listing } from "./listing.ts";

/** The page's data of a job. `job`: the whole job, if the page has read it in its present status. */
export type JobRow = { item: JobSummary; job: Job | null };
export type JobRows = ReadonlyMap<string, JobRow>;

/** The orders that a caller can give for a job. */
export type JobAction = "abort" | "pause" | "resume" | "start" | "delete";

export type JobsState = {
  rows: JobRows;
  listing: Listing;
  selected: string | null;
  /** Why the selected job could not be read, or why the app has rejected an order; null without an error. */
  failure: { id: string; action: JobAction | "read"; error: FerryError } | null;
};

export const noJobs: JobsState = {
  rows: new Map(),
  listing: emptyListing,
  selected: null,
  failure: null,
};

const finalStatuses: readonly JobStatus[] = ["succeeded", "failed", "aborted"];

/** Builds the row of a job from its newest state in a list and the previous row. */
export function updateJobRow(before: JobRow | undefined, item: JobSummary): JobRow {
  if (before === undefined) return { item, job: null };
  // A list may have been read before the job ended.
  const isOlder = finalStatuses.includes(before.item.status) && item.completedAt === null;
  if (isOlder) return before;
  return { item, job: before.job?.status === item.status ? before.job : null };
}

export function rowOfJob(job: Job): JobRow {
  const { id, status, source, destination, createdAt, completedAt, objects, links } = job;
  const { planned, copied, failed } = objects;
  const counts = { planned, copied, failed };
  return {
    item: { id, status, source, destination, createdAt, completedAt, objects: counts, links },
    job,
  };
}

/** Returns the newest jobs that change on their own, and the selected one if only a list has shown it. */
export function unsettledJobs({ rows, listing, selected }: JobsState, max: number): string[] {
  const changing = listing.ids.filter((id) => {
    const row = rows.get(id);
    return row !== undefined && !isJobAtRest(row.item);
  });
  const row = selected === null ? undefined : rows.get(selected);
  const isDue = row !== undefined && (row.job === null || !isJobAtRest(row.item));
  const opened = selected !== null && isDue ? [selected] : [];
  return [...new Set([...opened, ...changing])].slice(0, max);
}

const orders: Record<JobAction, readonly JobStatus[]> = {
  abort: ["planning", "running", "pausing", "paused"],
  pause: ["planning", "running"],
  resume: ["pausing", "paused"],
  start: ["planned"],
  delete: ["planned", "succeeded", "failed", "aborted"],
};

/** Whether the app accepts the action for a job with this status. */
export function canOrder(action: JobAction, status: JobStatus): boolean {
  return orders[action].includes(status);
}

/** The progress of a job in objects. */
export type JobProgress = {
  /** Copied, skipped, failed or aborted. */
  done: number;
  planned: number;
  /** Whether `planned` is the total. */
  isTotal: boolean;
};

/** Returns the progress of a job; if only a list has shown the job, its copied and failed objects. */
export function jobProgress({ item, job }: JobRow): JobProgress {
  if (job === null) {
    const { planned, copied, failed } = item.objects;
    return { done: Math.min(planned, copied + failed), planned, isTotal: false };
  }
  const { planned, copied, skipped, failed, aborted } = job.objects;
  return { done: copied + skipped + failed + aborted, planned, isTotal: job.isPlanned };
}

/** The failed objects of a job with one cause: their number, and the first of them. */
export type ObjectFailures = {
  cause: string;
  count: number;
  /** Null if none of the first objects has this cause. */
  fix: string | null;
  objects: readonly { name: string; message: string }[];
};

/** Groups the failures of a job by cause, the largest group first. */
export function groupObjectFailures({ failedByCause, failures }: Job): ObjectFailures[] {
  const groups = Object.entries(failedByCause).map(([cause, count]) => {
    const objects = failures.filter((each) => each.cause === cause);
    return { cause, count, fix: objects[0]?.fix ?? null, objects };
  });
  return groups.toSorted((one, other) => other.count - one.count);
}
