import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import type { InstanceId } from "../../../copy/contract/ids.ts";
import type { EpochMs } from "../../../copy/time.ts";
import { jobResponse } from "../../../http/job-response.ts";
import { problem } from "../../../http/problem.ts";
import { jobView } from "../../../instances/job-view.ts";
import type { JobRecord } from "../../../jobs/contract/job-record.ts";
import type { Ledger } from "../../../ledger/ledger.ts";
import { parseInstanceId } from "../get-copy.ts";
import type { HttpHandler } from "../http-handler.ts";
import { jobsPath } from "../method-router.ts";
import { mayUseRecord } from "../principals.ts";
import type { PrincipalSettings } from "../principals.ts";

export type JobReadDependencies = {
  ledger: Ledger;
  principals: PrincipalSettings;
  now(): EpochMs;
};

export type FoundJob = { id: InstanceId; record: JobRecord };

/** GET /jobs/{id}: the job as its record shows it. */
export function getJob(deps: JobReadDependencies): HttpHandler {
  return async (request) => {
    const found = await findJob(deps, request);
    return found === null ? jobNotFound() : toJobResponse(200, found, request);
  };
}

/** Finds the job in the path; null if there is none, or if the caller must not use it. */
export async function findJob(
  { ledger, principals }: JobReadDependencies,
  request: HttpRequest,
): Promise<FoundJob | null> {
  const id = parseInstanceId(request);
  const record = id === null ? null : await ledger.jobs.read(id);
  if (id === null || record === null) return null;
  const { owner = null } = record.input;
  return mayUseRecord(request, { owner }, principals) ? { id, record } : null;
}

export function toJobResponse(
  status: 200 | 202,
  { id, record }: FoundJob,
  request: HttpRequest,
): HttpResponseInit {
  return jobResponse(status, jobView(id, record, jobsPath(request)), request.url);
}

export function jobNotFound(): HttpResponseInit {
  return problem("job-not-found", "No job has this id, or it has been purged");
}
