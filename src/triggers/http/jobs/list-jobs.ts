import { parseJobListQuery, writeJobCursor } from "../../../http/job-list-query.ts";
import { invalidRequest } from "../../../http/problem.ts";
import { jobItem } from "../../../instances/job-view.ts";
import type { JobItem } from "../../../instances/job-view.ts";
import { isJobPosition } from "../../../ledger/jobs/job-columns.ts";
import type { ListedJob } from "../../../ledger/jobs/job-ledger.ts";
import type { HttpHandler } from "../http-handler.ts";
import { jobsPath } from "../method-router.ts";
import { mayUseRecord } from "../principals.ts";
import type { JobReadDependencies } from "./get-job.ts";

/** The maximum number of calls of List Blobs for one request. */
const maxCalls = 5;
const callSize = 200;

/** GET /jobs: the jobs that the caller may use, newest first. A page can be short even if others follow. */
export function listJobs({ ledger, principals }: JobReadDependencies): HttpHandler {
  return async (request) => {
    const parsed = parseJobListQuery(request.query, isJobPosition);
    if (!parsed.ok) return invalidRequest(parsed.problems);
    const { limit, status, startFrom } = parsed.query;
    const keeps = (job: ListedJob) =>
      (status === null || job.status === status) && mayUseRecord(request, job, principals);
    const items: JobItem[] = [];
    let last = "";
    let scanned = startFrom ?? "";
    let isEnd = false;
    let marker: string | null = null;
    scan: for (let calls = 0; calls < maxCalls; calls++) {
      const page = await ledger.jobs.list({ marker, limit: callSize, startFrom });
      for (const job of page.jobs) {
        if (job.position === startFrom) continue;
        if (items.length === limit) break scan;
        const item = keeps(job) ? jobItem(job, jobsPath(request)) : null;
        if (item !== null) {
          items.push(item);
          last = job.position;
        }
        // Not the position of the job, which may be another caller's: the cursor would show its id.
        scanned = job.time;
      }
      ({ marker } = page);
      isEnd = marker === null;
      if (isEnd) break;
    }
    const next = last > scanned ? last : scanned;
    const nextCursor = isEnd ? null : writeJobCursor(next, status);
    return { jsonBody: { items, nextCursor }, headers: { "cache-control": "no-store" } };
  };
}
