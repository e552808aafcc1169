import { problem } from "../../../http/problem.ts";
import { purgeInstance } from "../../../instances/purge-instance.ts";
import { jobInstanceId } from "../../../names.ts";
import type { HttpHandler } from "../http-handler.ts";
import { findJob, jobNotFound } from "./get-job.ts";
import type { JobReadDependencies } from "./get-job.ts";

/**
 * DELETE /jobs/{id}: 204 when the ended job is deleted, with its pages and its histories; 409 while it has not ended.
 * The copied content and the report stay. Its claim is kept, so its Idempotency-Key never starts it again.
 */
export function deleteJob(deps: JobReadDependencies): HttpHandler {
  return async (request, client) => {
    const found = await findJob(deps, request);
    if (found === null) return jobNotFound();
    const { id, record } = found;
    const headers = { "retry-after": "10" };
    if (record.end === null) {
      const detail = "Cannot delete the job because it has not ended";
      return problem("job-not-ended", detail, { headers });
    }
    const { ledger } = deps;
    // First: without the job, an open claim would start it again.
    const { claim } = record.input;
    if (claim !== undefined) await ledger.closeClaim(claim, id, deps.now());
    for (let generation = 1; generation <= record.generation; generation++) {
      if ((await purgeInstance(client, jobInstanceId(id, generation))) === "purged") continue;
      const detail = "Cannot delete the job because its orchestration has not finished yet";
      return problem("job-not-ended", detail, { headers });
    }
    if (!(await ledger.jobs.remove(id, record))) {
      const detail = "Cannot delete the job because it was started again in the meantime";
      return problem("job-not-ended", detail, { headers });
    }
    // Last: a job that was started again is active. A start that came too late has added the next generation.
    await ledger.jobs.active.remove({ instanceId: id, generation: record.generation + 1 });
    return { status: 204, headers: { "cache-control": "no-store" } };
  };
}
