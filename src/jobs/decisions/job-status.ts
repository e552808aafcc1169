import { minute, second } from "../../copy/durations.ts";
import { plusMs, toIso } from "../../copy/time.ts";
import type { EpochMs } from "../../copy/time.ts";
import type { JobInput } from "../contract/job-input.ts";
import { noCounts } from "../contract/job-record.ts";
import type { Amount, Counts, JobRecord, RatePoint } from "../contract/job-record.ts";
import { addAmounts, countFailed, sumCounts } from "./states.ts";
import { noThrottle } from "./throttle.ts";

export const jobStatuses = [
  "planning",
  "planned",
  "running",
  "pausing",
  "paused",
  "aborting",
  "succeeded",
  "failed",
  "aborted",
] as const;
export type JobStatus = (typeof jobStatuses)[number];

/** Builds the record of a job that has just been requested. */
export function newJobRecord(input: JobInput, dryRun: boolean): JobRecord {
  return {
    version: 1,
    input,
    wanted: "run",
    generation: 1,
    dryRun,
    isPaused: false,
    isChecked: input.report === null || dryRun,
    stopped: null,
    warning: null,
    sealedSince: {},
    next: { marker: null },
    plannedPages: 0,
    planned: { objects: 0, bytes: 0 },
    leftOut: 0,
    startedPages: 0,
    open: [],
    done: noCounts,
    donePages: 0,
    failures: [],
    throttle: noThrottle,
    rates: [],
    startedAt: null,
    updatedAt: input.createdAt,
    ending: null,
    end: null,
  };
}

export function jobStatusOf(record: JobRecord): JobStatus {
  const { end, wanted, isPaused, dryRun } = record;
  if (end !== null) return end.status;
  if (wanted === "abort") return "aborting";
  if (wanted === "pause") return isPaused ? "paused" : "pausing";
  return dryRun ? "planning" : "running";
}

/** The counts of all pages that have been worked on. */
export function totalsOf({ done, open }: JobRecord): Counts {
  return sumCounts([done, ...open.map(({ counts }) => counts)]);
}

/** Planned objects that are neither started nor in a final state. */
export function remainingOf({ planned }: JobRecord, counts: Counts): number {
  const { copied, pending, skipped, aborted, notStarted } = counts;
  const known = copied.objects + pending.objects + skipped + aborted + notStarted;
  return Math.max(0, planned.objects - known - countFailed(counts));
}

/** The rate is that of this time (ms), and of at least `minSpanMs`. */
const maxSpanMs = 2 * minute;
const minSpanMs = second;
const pointIntervalMs = 5 * second;
const maxPoints = 32;

/** Adds the totals of now, and drops what is too old for the rate. */
export function withRate(record: JobRecord, now: EpochMs): readonly RatePoint[] {
  const { copied, pendingBytesCopied } = totalsOf(record);
  const point = { at: now, objects: copied.objects, bytes: copied.bytes + pendingBytesCopied };
  const from = plusMs(now, -maxSpanMs);
  const kept = record.rates.filter(({ at }) => at >= from).slice(-maxPoints);
  const before = kept.at(-2);
  const isSoon = before !== undefined && now - before.at < pointIntervalMs;
  return [...(isSoon ? kept.slice(0, -1) : kept), point];
}

export type Rate = { objectsPerSecond: number; bytesPerSecond: number };

/** The rate of the last minutes; null if it is not known yet. */
export function rateOf({ rates }: Pick<JobRecord, "rates">): Rate | null {
  const [first, last] = [rates[0], rates.at(-1)];
  if (first === undefined || last === undefined || last.at - first.at < minSpanMs) return null;
  const seconds = (last.at - first.at) / second;
  return {
    objectsPerSecond: (last.objects - first.objects) / seconds,
    bytesPerSecond: (last.bytes - first.bytes) / seconds,
  };
}

/**
 * When the job will have ended (ISO 8601), at its rate; null if it is not known: while pages must still be planned, and
 * without a rate. The later of the ends by objects and by bytes.
 */
export function estimateEnd(record: JobRecord): string | null {
  const rate = rateOf(record);
  const last = record.rates.at(-1);
  if (record.next !== null || record.dryRun || rate === null || last === undefined) return null;
  const counts = totalsOf(record);
  const left: Amount = addAmounts(counts.pending, {
    objects: remainingOf(record, counts),
    bytes: 0,
  });
  const bytes = Math.max(0, left.bytes - counts.pendingBytesCopied);
  const byObjects = left.objects === 0 ? 0 : left.objects / rate.objectsPerSecond;
  const byBytes = bytes === 0 ? 0 : bytes / rate.bytesPerSecond;
  const seconds = Math.max(byObjects, byBytes);
  if (!Number.isFinite(seconds) || seconds > 1e9) return null;
  return toIso(plusMs(last.at, seconds * second));
}
