import { toIso } from "../../copy/time.ts";
import type { EpochMs } from "../../copy/time.ts";
import type { JobRecord } from "../contract/job-record.ts";
import { jobStatusOf } from "./job-status.ts";

/**
 * The change that a caller's order makes to the record. `isNewGeneration`: a new orchestration must work on the job.
 */
export type WantedChange =
  | { kind: "changed"; record: JobRecord; isNewGeneration: boolean }
  /** It was so before. */
  | { kind: "same" }
  | { kind: "refused"; problem: "job-ended" | "job-not-planned"; detail: string };

/** An abort applies to every job that has not ended. A paused job needs an orchestration for it. */
export function withAbort(record: JobRecord): WantedChange {
  if (record.end?.status === "aborted" || record.wanted === "abort") return { kind: "same" };
  if (record.end !== null) return ended(record);
  return withNext({ ...record, wanted: "abort" }, record.isPaused);
}

export function withPause(record: JobRecord): WantedChange {
  if (record.end !== null || record.wanted === "abort") return ended(record);
  if (record.wanted === "pause") return { kind: "same" };
  return withNext({ ...record, wanted: "pause" }, false);
}

export function withResume(record: JobRecord): WantedChange {
  if (record.end !== null || record.wanted === "abort") return ended(record);
  if (record.wanted === "run") return { kind: "same" };
  return withNext({ ...record, wanted: "run" }, record.isPaused);
}

/** Starts a planned job, which then copies the objects of its plan. */
export function withStart(record: JobRecord, now: EpochMs): WantedChange {
  if (record.end?.status !== "planned") {
    const detail = `Cannot start the job because only a job with the status "planned" can be started, and this one is "${jobStatusOf(record)}"`;
    return { kind: "refused", problem: "job-not-planned", detail };
  }
  const isChecked = record.input.report === null;
  const planned = { ...record, dryRun: false, isChecked, ending: null, end: null };
  return withNext({ ...planned, startedAt: toIso(now) }, true);
}

/** Returns the record of a job whose orchestration Durable no longer runs, with the next one. */
export function withNextGeneration(record: JobRecord): JobRecord {
  return { ...record, generation: record.generation + 1, isPaused: false };
}

function withNext(record: JobRecord, isNewGeneration: boolean): WantedChange {
  const changed = isNewGeneration ? withNextGeneration(record) : { ...record, isPaused: false };
  return { kind: "changed", record: changed, isNewGeneration };
}

function ended(record: JobRecord): WantedChange {
  const status = jobStatusOf(record);
  const detail =
    record.end === null
      ? "The job is being aborted"
      : `The job has already ended with the status "${status}"`;
  return { kind: "refused", problem: "job-ended", detail };
}
