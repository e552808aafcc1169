import { isJobAtRest } from "../../../../client/ferry.ts";
import type { JobRow } from "../../state/jobs.ts";
import { formatCount, formatDuration, formatNumber, formatRate } from "../../text/format.ts";

/** The rate of the last two minutes, or empty. */
export function jobRateText({ job }: JobRow): string {
  const rate = job?.rate ?? null;
  if (rate === null) return "";
  const digits = rate.objectsPerSecond < 1 ? 2 : rate.objectsPerSecond < 10 ? 1 : 0;
  const objects = Number(rate.objectsPerSecond.toFixed(digits));
  const bytes = formatRate(rate.bytesPerSecond);
  return objects === 0 ? bytes : `${bytes}, ${formatNumber(objects)} objects/s`;
}

/** The estimated remaining time; of a job that has ended, its duration. */
export function jobTimeText({ item, job }: JobRow, now: number): string {
  if (item.completedAt !== null) {
    const took = Date.parse(item.completedAt) - Date.parse(job?.startedAt ?? item.createdAt);
    return took < 1_000 ? "took < 1 s" : `took ${formatDuration(took)}`;
  }
  const estimate = job?.estimatedCompletion ?? null;
  if (estimate === null || isJobAtRest(item)) return "";
  const left = Date.parse(estimate) - now;
  return left > 0 ? `${formatDuration(left)} left` : "due now";
}

/** The results of the objects in words. */
export function jobSummaryText({ item: { objects } }: JobRow): string {
  const copied = `${formatCount(objects.copied, "object", "objects")} copied`;
  return objects.failed === 0 ? copied : `${copied}, ${formatNumber(objects.failed)} failed`;
}
