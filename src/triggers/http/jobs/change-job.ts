import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { toIso } from "../../../copy/time.ts";
import type { EpochMs } from "../../../copy/time.ts";
import { deniedJob, problem } from "../../../http/problem.ts";
import type { ProblemType } from "../../../http/problem.ts";
import { startJobInstance } from "../../../instances/start-job-instance.ts";
import type { JobRecord } from "../../../jobs/contract/job-record.ts";
import { withAbort, withPause, withResume, withStart } from "../../../jobs/decisions/wanted.ts";
import type { WantedChange } from "../../../jobs/decisions/wanted.ts";
import { checkJobAccess } from "../../../jobs/request/job-access.ts";
import { placeIdentity } from "../../../jobs/request/places.ts";
import type { HttpHandler } from "../http-handler.ts";
import { refuseBody } from "../read-json.ts";
import { findJob, jobNotFound, toJobResponse } from "./get-job.ts";
import type { FoundJob } from "./get-job.ts";
import { overlaps } from "./start-job.ts";
import type { JobStartDependencies } from "./start-job.ts";

/**
 * POST /jobs/{id}/abort: 202 when the abort was recorded, 200 when the job is already aborted. The job becomes
 * `aborted` when none of its copies is pending any more. The copied content stays.
 */
export function abortJob(deps: JobStartDependencies): HttpHandler {
  return changeJob(deps, withAbort);
}

/** POST /jobs/{id}/pause: 202 when the pause was recorded, 200 when the job is already paused. */
export function pauseJob(deps: JobStartDependencies): HttpHandler {
  return changeJob(deps, withPause);
}

/** POST /jobs/{id}/resume: 202 when the job continues, 200 when it was not paused. */
export function resumeJob(deps: JobStartDependencies): HttpHandler {
  return changeJob(deps, withResume);
}

/** POST /jobs/{id}/start: 202 when a planned job starts to copy the objects of its plan. */
export function startPlannedJob(deps: JobStartDependencies): HttpHandler {
  return async (request, client) => {
    const refusal = await refuseBody(request);
    if (refusal !== null) return refusal;
    const found = await findJob(deps, request);
    if (found === null) return jobNotFound();
    const { id, record } = found;
    const { active } = deps.ledger.jobs;
    const started = withStart(record, deps.now());
    if (started.kind === "changed") {
      const denial = checkJobAccess(deps, record.input, deps.now());
      if (denial !== null) return deniedJob(denial);
      const destination = placeIdentity(record.input.destination);
      const { generation } = started.record;
      const entry = { instanceId: id, generation, destination, since: deps.now() };
      const other = await active.add(entry);
      if (other !== null) return overlaps(record.input.destination);
    }
    const response = await recordChange(deps, withStart, { request, client });
    if (started.kind === "changed" && response.status !== 202) {
      // The job was deleted, or started by another call, after it was read.
      const latest = await deps.ledger.jobs.read(id);
      const { generation } = started.record;
      if (latest === null || latest.end !== null)
        await active.remove({ instanceId: id, generation });
    }
    return response;
  };
}

type Change = (record: JobRecord, now: EpochMs) => WantedChange;

/** Records the order for the job, and starts its next orchestration if none is running. Ignores a body. */
function changeJob(deps: JobStartDependencies, change: Change): HttpHandler {
  return async (request, client) => {
    const refusal = await refuseBody(request);
    return refusal ?? (await recordChange(deps, change, { request, client }));
  };
}

type Call = { request: HttpRequest; client: DurableClient };

async function recordChange(
  deps: JobStartDependencies,
  change: Change,
  call: Call,
): Promise<HttpResponseInit> {
  const found = await findJob(deps, call.request);
  if (found === null) return jobNotFound();
  let made: WantedChange = { kind: "same" };
  const record = await deps.ledger.jobs.change(found.id, (latest) => {
    made = change(latest, deps.now());
    return made.kind === "changed" ? { ...made.record, updatedAt: toIso(deps.now()) } : null;
  });
  if (record === null) return jobNotFound();
  return await respond(call, { id: found.id, record }, made);
}

async function respond(
  { request, client }: Call,
  job: FoundJob,
  made: WantedChange,
): Promise<HttpResponseInit> {
  switch (made.kind) {
    case "refused": {
      const type: ProblemType = made.problem;
      return problem(type, made.detail);
    }
    case "same":
      return toJobResponse(200, job, request);
    case "changed":
      if (made.isNewGeneration) await startJobInstance(client, job.id, job.record);
      return toJobResponse(202, job, request);
  }
}
