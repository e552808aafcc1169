import { timeOfId, toInstanceId } from "../../copy/contract/ids.ts";
import type { InstanceId } from "../../copy/contract/ids.ts";
import { placeUrl } from "../../jobs/contract/job-input.ts";
import type { JobRecord } from "../../jobs/contract/job-record.ts";
import { jobStatuses, jobStatusOf, totalsOf } from "../../jobs/decisions/job-status.ts";
import { countFailed } from "../../jobs/decisions/states.ts";
import { readColumn } from "../columns.ts";
import type { ListedBlob } from "../conditional-blobs.ts";
import { toColumn } from "../record.ts";
import type { ListedJob } from "./job-ledger.ts";

export const jobsFolder = "jobs/";

const maxTime = 0xffff_ffff_ffff;

/** `jobs/<inverted time>-<id>`: List Blobs sorts by name, so the newest job comes first. */
export function nameOfJob(instanceId: InstanceId): string {
  const inverted = (maxTime - timeOfId(instanceId)).toString(16).padStart(12, "0");
  return `${jobsFolder}${inverted}-${instanceId}`;
}

/** Returns true if the text has the form of a position in the list of jobs: a time, and perhaps an id. */
export function isJobPosition(text: string): boolean {
  return /^[0-9a-f]{12}-(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?$/.test(text);
}

/** The columns of a list, as metadata that List Blobs returns; all are ASCII. */
export function describeJob(record: JobRecord): Record<string, string> {
  const { input, end, planned } = record;
  const counts = totalsOf(record);
  return {
    status: jobStatusOf(record),
    source: toColumn(placeUrl(input.source)),
    destination: toColumn(placeUrl(input.destination)),
    createdAt: input.createdAt,
    ...(end === null ? {} : { completedAt: end.at }),
    ...(input.owner === undefined ? {} : { owner: input.owner }),
    planned: String(planned.objects),
    copied: String(counts.copied.objects),
    failed: String(countFailed(counts)),
  };
}

/** Reads a job from the columns of its record. */
export function readListedJob({ name, metadata }: ListedBlob): ListedJob {
  const position = name.slice(jobsFolder.length);
  const column = (key: string) => readColumn(metadata, key);
  return {
    instanceId: toInstanceId(position.slice(position.indexOf("-") + 1)),
    position,
    time: position.slice(0, position.indexOf("-") + 1),
    status: jobStatuses.find((status) => status === column("status")) ?? null,
    source: column("source"),
    destination: column("destination"),
    createdAt: column("createdAt"),
    completedAt: column("completedAt"),
    owner: column("owner"),
    planned: Number(column("planned") ?? 0),
    copied: Number(column("copied") ?? 0),
    failed: Number(column("failed") ?? 0),
  };
}
