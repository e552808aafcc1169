import type { InstanceId } from "../copy/contract/ids.ts";
import { second } from "../copy/durations.ts";
import { parseTime } from "../copy/time.ts";
import type { JobInput } from "../jobs/contract/job-input.ts";
import type { JobRecord } from "../jobs/contract/job-record.ts";
import { totalsOf } from "../jobs/decisions/job-status.ts";
import { countFailed } from "../jobs/decisions/states.ts";
import type { LogColumns } from "./log-lines.ts";
import { traceIdOf } from "./trace-context.ts";

/** The columns of a job that was requested, or that continues after a pause or a dry run. */
export function acceptedJobColumns(
  instanceId: InstanceId,
  { source, destination, trace }: JobInput,
  { generation, dryRun }: Pick<JobRecord, "generation" | "dryRun">,
): LogColumns<"ferry.job.accepted"> {
  return {
    instanceId,
    traceId: traceIdOf(trace),
    generation,
    dryRun,
    sourceAccount: source.container.account,
    destinationAccount: destination.container.account,
  };
}

/** The columns of a job that has ended. */
export function endedJobColumns(
  instanceId: InstanceId,
  record: JobRecord,
): LogColumns<"ferry.job.ended"> {
  const { input, end, planned, throttle, donePages } = record;
  const { copied, skipped } = totalsOf(record);
  const at = end?.at ?? record.updatedAt;
  return {
    instanceId,
    traceId: traceIdOf(input.trace),
    outcome: end?.status ?? "failed",
    cause: end?.error?.cause ?? null,
    sourceAccount: input.source.container.account,
    destinationAccount: input.destination.container.account,
    planned: planned.objects,
    copied: copied.objects,
    skipped,
    failed: countFailed(totalsOf(record)),
    bytes: copied.bytes,
    pages: donePages,
    throttled: throttle.times,
    createdAt: input.createdAt,
    completedAt: at,
    seconds: (parseTime(at) - parseTime(input.createdAt)) / second,
  };
}
