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
  let marker: string | null = null;
  do {
    const page = await ledger.jobs.list({ marker, limit: pageSize, startFrom: null });
    for (const { instanceId, completedAt } of page.jobs) {
      if (completedAt === null || toIsoDay(parseTime(completedAt)) >= firstKeptDay) continue;
      if (now() >= until) break;
      try {
        await purgeJob(ledger, client, instanceId);
        purged++;
      } catch {
        context.error(`Cannot purge job ${instanceId} now; the next run retries it in an hour`);
      }
    }
    ({ marker } = page);
  } while (marker !== null && now() < until);
  if (purged > 0) context.log(`Purged ${purged} old jobs`);
}

async function purgeJob(ledger: Ledger, client: DurableClient, id: InstanceId): Promise<void> {
  const record = await ledger.jobs.read(id);
  if (record === null) return;
  for (let generation = 1; generation <= record.generation; generation++) {
    await purgeInstance(client, jobInstanceId(id, generation));
  }
  await ledger.jobs.active.remove(id);
  const { claim } = record.input;
  // A claim that outlives its job is found by the scan of the claims.
  if (claim !== undefined && (await ledger.retention.readClaim(claim))?.instanceId === id) {
    await ledger.retention.purgeClaim(claim);
  }
  await ledger.jobs.remove(id);
}
