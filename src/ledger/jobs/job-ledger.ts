import type { CopyOwner } from "../../copy/contract/activities.ts";
import type { InstanceId } from "../../copy/contract/ids.ts";
import type { EpochMs } from "../../copy/time.ts";
import type { JobRecord } from "../../jobs/contract/job-record.ts";
import type { PagePlan, PageProgress, ReportPart } from "../../jobs/contract/page.ts";
import type { JobStatus } from "../../jobs/decisions/job-status.ts";

/**
 * The jobs of the ledger: a record for each, the plan and the progress of each page, and the list of the jobs that have
 * not ended. Every write is conditional. Methods throw only `LedgerError`.
 */
export type JobLedger = {
  /** Writes the record of a new job; false if there is one. */
  create(instanceId: InstanceId, record: JobRecord): Promise<boolean>;
  /** The record of a job; null if there is none. */
  read(instanceId: InstanceId): Promise<JobRecord | null>;
  /**
   * Changes the record, again after each write that lost to another writer, and returns it afterwards; null if there is
   * none. `update` returns null to leave it unchanged. `known`: a record that this ledger has returned; the first try
   * saves its read.
   */
  change(
    instanceId: InstanceId,
    update: (record: JobRecord) => JobRecord | null,
    known?: JobRecord,
  ): Promise<JobRecord | null>;
  /** Up to `limit` jobs, newest first, from `startFrom` on (inclusive). One call of List Blobs. */
  list(page: {
    marker: string | null;
    limit: number;
    startFrom: string | null;
  }): Promise<{ jobs: ListedJob[]; marker: string | null }>;
  pages: JobPages;
  active: ActiveJobs;
  /**
   * Deletes the record of a job, if it is still the one that this ledger has returned, and then its pages. Returns false
   * if it has changed.
   */
  remove(instanceId: InstanceId, record: JobRecord): Promise<boolean>;
};

export type JobPages = {
  /** Writes the plan of a page, once; returns the plan that was first. */
  createPlan(instanceId: InstanceId, plan: PagePlan): Promise<PagePlan>;
  readPlan(instanceId: InstanceId, page: number): Promise<PagePlan | null>;
  readProgress(instanceId: InstanceId, page: number): Promise<FoundProgress | null>;
  /** Writes the progress if it still has this ETag; null: if there is none. Returns the new ETag; null if it lost. */
  writeProgress(
    instanceId: InstanceId,
    progress: PageProgress,
    etag: string | null,
  ): Promise<string | null>;
  /** The parts of the report, in the order of the pages. */
  listParts(instanceId: InstanceId): Promise<ReportPart[]>;
  /** The ids of up to `limit` jobs that have pages, also of jobs without a record. */
  listJobs(page: {
    marker: string | null;
    limit: number;
  }): Promise<{ ids: InstanceId[]; marker: string | null }>;
  /** Deletes the pages of a job. */
  remove(instanceId: InstanceId): Promise<void>;
};

export type FoundProgress = { progress: PageProgress; etag: string };

export type ActiveJobs = {
  list(): Promise<ActiveJob[]>;
  /**
   * Adds the job, or returns the other job whose destination overlaps with its own. Replaces an entry of the same job,
   * unless that entry has a newer generation.
   */
  add(job: ActiveJob): Promise<ActiveJob | null>;
  /** Removes the job's entry, but not one with a newer generation, or one that was added after `since`. */
  remove(entry: Pick<ActiveJob, "instanceId" | "generation"> & { since?: EpochMs }): Promise<void>;
};

/**
 * `generation`: the generation in the job's record when the entry was added. `destination`: the destination's
 * identity. Two jobs overlap if the identity of one begins with that of the other.
 */
export type ActiveJob = {
  instanceId: InstanceId;
  generation: number;
  destination: string;
  since: EpochMs;
};

/** A job as the columns of its record show it. Times are ISO 8601; URLs may be truncated. */
export type ListedJob = {
  instanceId: InstanceId;
  /** Where it is in the list; `time` is before all jobs of the same ms. Both sort as texts. */
  position: string;
  time: string;
  status: JobStatus | null;
  source: string | null;
  destination: string | null;
  createdAt: string | null;
  completedAt: string | null;
  owner: CopyOwner | null;
  planned: number;
  copied: number;
  failed: number;
};
