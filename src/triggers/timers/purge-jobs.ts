import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import type { InstanceId } from "../../copy/contract/ids.ts";
import { parseTime, toIsoDay } from "../../copy/time.ts";
import type { EpochMs } from "../../copy/time.ts";
import { purgeInstance } from "../../instances/purge-instance.ts";
import { jobInstanceId } from "../../names.ts";
import type { Ledger } from "../../ledger/ledger.ts";

const pageSize = 1_000;

/**
 * Deletes the jobs that ended before a day, with their pages, histories and claims. A job that cannot be purged now does
 * not stop the others. Stops at `until` (epoch ms).
 */
export async function purgeJobs(
  { ledger, now }: { ledger: Ledger; now(): EpochMs },
  client: DurableClient,
  context: InvocationContext,
  { firstKeptDay, until }: { firstKeptDay: string; until: EpochMs },
): Promise<void> {
  let purged = 0;
  const listed = new Set<InstanceId>();
  let marker: string | null = null;
  do {
    const page = await ledger.jobs.list({ marker, limit: pageSize, startFrom: null });
    for (const { instanceId, completedAt } of page.jobs) {
      listed.add(instanceId);
      if (completedAt === null || toIsoDay(parseTime(completedAt)) >= firstKeptDay) continue;
      if (now() >= until) break;
      try {
        if (await purgeJob(ledger, client, instanceId, firstKeptDay)) purged++;
      } catch {
        context.error(`Cannot purge job ${instanceId} now; the next run retries it in an hour`);
      }
    }
    ({ marker } = page);
  } while (marker !== null && now() < until);
  if (purged > 0) context.log(`Purged ${purged} old jobs`);
  if (marker === null) await purgeLostPages({ ledger, now }, context, { listed, until });
}

/** Deletes the pages of jobs without a record: a deletion was interrupted, or a late run wrote a page after it. */
async function purgeLostPages(
  { ledger: { jobs }, now }: { ledger: Ledger; now(): EpochMs },
  context: InvocationContext,
  { listed, until }: { listed: ReadonlySet<InstanceId>; until: EpochMs },
): Promise<void> {
  let marker: string | null = null;
  do {
    const page = await jobs.pages.listJobs({ marker, limit: pageSize });
    for (const id of page.ids) {
      if (listed.has(id) || now() >= until) continue;
      try {
        // A job that was requested after the list was read has a record.
        if ((await jobs.read(id)) === null) await jobs.pages.remove(id);
      } catch {
        context.error(
          `Cannot purge the pages of job ${id} now; the next run retries it in an hour`,
        );
      }
    }
    ({ marker } = page);
  } while (marker !== null && now() < until);
}

/** Returns false if the job was started again, or deleted, since it was listed. */
async function purgeJob(
  ledger: Ledger,
  client: DurableClient,
  id: InstanceId,
  firstKeptDay: string,
): Promise<boolean> {
  const record = await ledger.jobs.read(id);
  const endedAt = record?.end?.at ?? null;
  if (record === null || endedAt === null || toIsoDay(parseTime(endedAt)) >= firstKeptDay) {
    return false;
  }
  for (let generation = 1; generation <= record.generation; generation++) {
    await purgeInstance(client, jobInstanceId(id, generation));
  }
  if (!(await ledger.jobs.remove(id, record))) return false;
  // A start that came too late has added the next generation.
  await ledger.jobs.active.remove({ instanceId: id, generation: record.generation + 1 });
  const { claim } = record.input;
  // A claim that outlives its job is found by the scan of the claims.
  if (claim !== undefined && (await ledger.retention.readClaim(claim))?.instanceId === id) {
    await ledger.retention.purgeClaim(claim);
  }
  return true;
}
