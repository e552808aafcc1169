import type { InstanceId } from "../copy/contract/ids.ts";
import { causes } from "../copy/contract/failure.ts";
import type { Cause } from "../copy/contract/failure.ts";
import { toIso } from "../copy/time.ts";
import type { JobFailure } from "../jobs/contract/job-failure.ts";
import { placeUrl } from "../jobs/contract/job-input.ts";
import type { JobOptions, JobSelect } from "../jobs/contract/job-input.ts";
import { maxShownFailures } from "../jobs/contract/job-record.ts";
import type { FailedObject, JobRecord } from "../jobs/contract/job-record.ts";
import type { Loss } from "../jobs/contract/page.ts";
import {
  estimateEnd,
  jobStatusOf,
  rateOf,
  remainingOf,
  totalsOf,
} from "../jobs/decisions/job-status.ts";
import type { JobStatus, Rate } from "../jobs/decisions/job-status.ts";
import { reportFolder } from "../jobs/decisions/report-lines.ts";
import { countFailed } from "../jobs/decisions/states.ts";
import type { ListedJob } from "../ledger/jobs/job-ledger.ts";

/** A job as callers see it. Times are ISO 8601; it contains no secret. */
export type JobView = {
  id: InstanceId;
  status: JobStatus;
  source: string;
  destination: string;
  select: JobSelect;
  options: JobOptions;
  concurrency: number;
  maxFailures: number | null;
  /** The folder of its report; null if there is none. */
  report: string | null;
  objects: JobObjects;
  bytes: { planned: number; copied: number };
  rate: Rate | null;
  estimatedCompletion: string | null;
  /** All pages are planned, so `objects.planned` is the total. */
  isPlanned: boolean;
  failedByCause: Partial<Record<Cause, number>>;
  /** The first of them. */
  failures: (FailedObject & { fix: string })[];
  /** How many copies lack something of their source. */
  notCarried: Partial<Record<Loss, number>>;
  /** Null if Storage has served every call so far. */
  throttling: JobThrottling | null;
  warning: string | null;
  /** What there is to know about a job that copied nothing. */
  reason: string | null;
  error: JobFailure | null;
  createdAt: string;
  startedAt: string | null;
  completedAt: string | null;
  lastUpdatedAt: string;
  links: { self: string; abort: string; pause: string; resume: string; start: string };
};

/** `leftOut`: by `select`; it is not among the planned ones. */
export type JobObjects = {
  planned: number;
  leftOut: number;
  copied: number;
  pending: number;
  skipped: number;
  failed: number;
  aborted: number;
  notStarted: number;
  remaining: number;
};

/** `concurrency`: how many calls the job makes at the same time now. */
export type JobThrottling = {
  calls: number;
  lastAt: string | null;
  concurrency: number;
  pausedUntil: string | null;
};

/** Builds the public view of a job. `path` is the path of all jobs, for example "/api/jobs". */
export function jobView(id: InstanceId, record: JobRecord, path: string): JobView {
  const { input, planned, leftOut, next, end, warning, startedAt, updatedAt, throttle } = record;
  const { select, options, concurrency, maxFailures, report, createdAt } = input;
  const counts = totalsOf(record);
  const left = remainingOf(record, counts);
  const hasEnded = end !== null && end.status !== "planned";
  return {
    id,
    status: jobStatusOf(record),
    source: placeUrl(input.source),
    destination: placeUrl(input.destination),
    select,
    options,
    concurrency,
    maxFailures,
    report: report === null ? null : placeUrl(reportFolder(report, id)),
    objects: {
      planned: planned.objects,
      leftOut,
      copied: counts.copied.objects,
      pending: counts.pending.objects,
      skipped: counts.skipped,
      failed: countFailed(counts),
      aborted: counts.aborted,
      notStarted: counts.notStarted + (hasEnded ? left : 0),
      remaining: hasEnded ? 0 : left,
    },
    bytes: { planned: planned.bytes, copied: counts.copied.bytes + counts.pendingBytesCopied },
    rate: hasEnded ? null : rateOf(record),
    estimatedCompletion: end === null ? estimateEnd(record) : null,
    isPlanned: next === null,
    failedByCause: counts.failed,
    failures: firstFailures(record),
    notCarried: counts.lost,
    throttling:
      throttle.times === 0
        ? null
        : {
            calls: throttle.times,
            lastAt: throttle.lastAt === null ? null : toIso(throttle.lastAt),
            concurrency: throttle.window,
            pausedUntil: throttle.pausedUntil === null ? null : toIso(throttle.pausedUntil),
          },
    warning,
    reason: reasonOf(record),
    error: end?.error ?? null,
    createdAt,
    startedAt,
    completedAt: end?.at ?? null,
    lastUpdatedAt: updatedAt,
    links: linksOf(`${path}/${id}`),
  };
}

function firstFailures(record: JobRecord): JobView["failures"] {
  const all = [...record.failures, ...record.open.flatMap(({ failures }) => failures)];
  return all.slice(0, maxShownFailures).map((each) => ({ ...each, fix: causes[each.cause].fix }));
}

function linksOf(self: string): JobView["links"] {
  const [abort, pause] = [`${self}/abort`, `${self}/pause`];
  return { self, abort, pause, resume: `${self}/resume`, start: `${self}/start` };
}

function reasonOf({ end, planned, leftOut }: JobRecord): string | null {
  const mayBeEmpty = end?.status === "succeeded" || end?.status === "planned";
  if (!mayBeEmpty || planned.objects > 0) return null;
  return leftOut === 0
    ? "The source contains no blob"
    : `"select" leaves out all ${leftOut} blobs of the source`;
}

/** A job in a list. */
export type JobItem = Pick<JobView, "id" | "source" | "destination" | "createdAt" | "links"> & {
  status: JobStatus;
  completedAt: string | null;
  objects: Pick<JobObjects, "planned" | "copied" | "failed">;
};

/** Builds an item from the columns of a record; null if they lack a part. */
export function jobItem(listed: ListedJob, path: string): JobItem | null {
  const { instanceId: id, status, source, destination, createdAt, completedAt } = listed;
  if (status === null || source === null || destination === null || createdAt === null) return null;
  const { planned, copied, failed } = listed;
  const links = linksOf(`${path}/${id}`);
  const objects = { planned, copied, failed };
  return { id, status, source, destination, createdAt, completedAt, objects, links };
}
