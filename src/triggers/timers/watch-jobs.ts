import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { timeOfId } from "../../copy/contract/ids.ts";
import { minute } from "../../copy/durations.ts";
import { readJobExecution, startJobInstance } from "../../instances/start-job-instance.ts";
import { withNextGeneration } from "../../jobs/decisions/wanted.ts";
import type { EpochMs } from "../../copy/time.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { LedgerError } from "../../ledger/ledger-error.ts";
import type { ActiveJob } from "../../ledger/jobs/job-ledger.ts";
import { jobInstanceId } from "../../names.ts";

type JobWatchDependencies = { ledger: Pick<Ledger, "jobs">; now(): EpochMs };

/** The maximum time (ms) in which a request writes the entry and the record of its job and starts its orchestration. */
const graceMs = 10 * minute;

/**
 * Checks the jobs that have not ended: starts the next orchestration of a job that has none, and removes the entry of
 * a job that has ended, or was never recorded. Returns the number of jobs for which it intervened.
 */
export async function watchJobs(
  deps: JobWatchDependencies,
  client: DurableClient,
  context: InvocationContext,
): Promise<number> {
  let helped = 0;
  for (const job of await listActive(deps, context)) {
    try {
      if (await watchJob(deps, client, context, job)) helped++;
    } catch (error) {
      // Other texts may quote Durable's response.
      const reason = error instanceof LedgerError ? error.message : "Durable did not respond";
      context.error(`Cannot check job ${job.instanceId}: ${reason}`);
    }
  }
  return helped;
}

/** A list that cannot be read now is logged, so that it does not stop the watchdog's other duties. */
async function listActive(
  { ledger }: JobWatchDependencies,
  context: InvocationContext,
): Promise<ActiveJob[]> {
  try {
    return await ledger.jobs.active.list();
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    context.error(`Cannot check the jobs: ${error.message}`);
    return [];
  }
}

async function watchJob(
  { ledger: { jobs }, now }: JobWatchDependencies,
  client: DurableClient,
  context: InvocationContext,
  entry: ActiveJob,
): Promise<boolean> {
  const { instanceId, since } = entry;
  const record = await jobs.read(instanceId);
  const isRecent = now() - Math.max(since, timeOfId(instanceId)) < graceMs;
  if (record === null || record.end !== null) {
    // A request that starts the job may have written the entry, but not yet the record.
    if (isRecent) return false;
    await jobs.active.remove(entry);
    context.warn(`Job ${instanceId} had ended without freeing its destination`);
    return true;
  }
  if (isRecent || (record.isPaused && record.wanted === "pause")) return false;
  const { generation } = record;
  const execution = await readJobExecution(client, jobInstanceId(instanceId, generation));
  if (execution === "running" || execution === "suspended") return false;
  // Changes nothing if an activity has ended the job in the meantime, or a caller has resumed it.
  const changed = await jobs.change(instanceId, (latest) =>
    latest.end === null && latest.generation === generation ? withNextGeneration(latest) : null,
  );
  if (changed === null || changed.generation !== generation + 1 || changed.end !== null) {
    return false;
  }
  await startJobInstance(client, instanceId, changed);
  context.warn(`Job ${instanceId} had no orchestration; the watchdog has started the next one`);
  return true;
}
