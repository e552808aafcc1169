import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { toInstanceId } from "../../copy/contract/ids.ts";
import type { InstanceId } from "../../copy/contract/ids.ts";
import { day, minute } from "../../copy/durations.ts";
import { parseTime, plusMs, toIsoDay } from "../../copy/time.ts";
import type { EpochMs } from "../../copy/time.ts";
import type { RetentionKind, Ledger, RetentionEntry } from "../../ledger/ledger.ts";
import { repairInstanceId } from "../../names.ts";
import { findInstance } from "../../instances/find-instance.ts";
import type { TimerHandler } from "./watchdog.ts";

/** Every hour at half past: NCRONTAB with seconds. It needs no setting, because `retentionDays` counts days. */
export const purgeSchedule = "0 30 * * * *";

/** `retentionDays`: how long a copy is kept after its end, and a claim after it was made. */
export type PurgeDependencies = { ledger: Ledger; now(): EpochMs; retentionDays: number };

const batchSize = 100;
/** The largest page of a listing ("List Blobs", maxresults). */
const maxListed = 5_000;
/** Like the watchdog's, well below the shortest limit of any hosting plan (ms). */
const maxRunMs = 2 * minute;
const maxConcurrent = 8;

/**
 * Deletes claims, and then copies with their histories, once their retention is over; the oldest first. Claims go
 * first, because a key whose copy was already purged would start the copy again. A run that takes too long leaves the
 * rest to the next run: purged entries are no longer listed.
 */
export function purge(deps: PurgeDependencies): TimerHandler {
  return async (_timer, client, context) => {
    const until = plusMs(deps.now(), maxRunMs);
    const claimsAreDone = await purgeAll(deps, "claims", { until, context }, (entry) =>
      purgeClaim(deps, entry),
    );
    if (!claimsAreDone) return;
    await purgeAll(deps, "copies", { until, context }, (entry) => purgeCopy(deps, client, entry));
  };
}

/**
 * Returns false if there was no time for all due entries. An entry that cannot be purged now does not stop the others.
 */
async function purgeAll(
  { ledger, now, retentionDays }: PurgeDependencies,
  kind: RetentionKind,
  { until, context }: { until: EpochMs; context: InvocationContext },
  purgeOne: (entry: RetentionEntry) => Promise<void>,
): Promise<boolean> {
  const failed = new Set<string>();
  let isDone = false;
  while (!isDone && now() < until) {
    // The entries that failed are the oldest, and are listed again.
    const limit = Math.min(maxListed, batchSize + failed.size);
    const before = { day: toIsoDay(plusMs(now(), -retentionDays * day)), limit };
    const due = await ledger.retention.listDue(kind, before);
    const entries = due.filter(({ key }) => !failed.has(key));
    isDone = entries.length === 0;
    for (let at = 0; at < entries.length; at += maxConcurrent) {
      const some = entries.slice(at, at + maxConcurrent);
      const results = await Promise.allSettled(some.map(purgeOne));
      for (const [index, { status }] of results.entries()) {
        if (status === "rejected") failed.add(some[index]?.key ?? "");
      }
    }
    if (!isDone) {
      const count = entries.length;
      context.log(`Checked ${count} old ${kind} and purged those whose retention is over`);
    }
  }
  if (failed.size > 0) {
    context.error(
      `Cannot purge ${failed.size} old ${kind} now; the next run retries them in an hour`,
    );
  }
  return isDone;
}

async function purgeClaim(
  { ledger, now, retentionDays }: PurgeDependencies,
  entry: RetentionEntry,
): Promise<void> {
  const { retention } = ledger;
  const claim = await retention.readClaim(entry);
  // A claim is kept at least until its copy has ended, or a repeated request would start another copy.
  if (claim !== null && (await ledger.hasOpenRecord(claim.instanceId))) {
    return await retention.postpone(entry, toIsoDay(now()));
  }
  const isRetained =
    claim !== null && toIsoDay(claim.madeAt) >= toIsoDay(plusMs(now(), -retentionDays * day));
  await (isRetained ? retention.postpone(entry, toIsoDay(claim.madeAt)) : retention.purge(entry));
}

async function purgeCopy(
  { ledger, now, retentionDays }: PurgeDependencies,
  client: DurableClient,
  entry: RetentionEntry,
): Promise<void> {
  const { retention } = ledger;
  const id = toInstanceId(entry.key);
  const completedAt = await readCompletion(ledger, client, id);
  if (completedAt === "running") return await retention.postpone(entry, toIsoDay(now()));
  const completedOn = completedAt === null ? null : toIsoDay(completedAt);
  if (completedOn !== null && completedOn >= toIsoDay(plusMs(now(), -retentionDays * day))) {
    return await retention.postpone(entry, completedOn);
  }
  const isPurged = {
    repair: await purgeInstance(client, repairInstanceId(id)),
    own: await purgeInstance(client, id),
  };
  if (isPurged.repair && isPurged.own) return await retention.purge(entry);
  // Termination takes a moment: the entry is due again tomorrow.
  await retention.postpone(entry, toIsoDay(plusMs(now(), -retentionDays * day)));
}

/** The statuses in which Durable does not purge an instance. */
const unfinished: ReadonlySet<string> = new Set(["Pending", "Running", "Suspended"]);

/**
 * Purges an instance. Durable rejects that while it runs (412), although its copy's outcome is recorded and old: then
 * terminates it and returns false.
 */
async function purgeInstance(client: DurableClient, instanceId: string): Promise<boolean> {
  try {
    await client.purgeInstanceHistory(instanceId);
    return true;
  } catch (error) {
    const { runtimeStatus } = await client.getStatus(instanceId);
    if (!unfinished.has(runtimeStatus)) throw error;
    await client.terminate(instanceId, "The retention of its copy is over");
    return false;
  }
}

/** When the copy ended (epoch ms); null if neither the ledger nor Durable has it any more. */
async function readCompletion(
  ledger: Ledger,
  client: DurableClient,
  id: InstanceId,
): Promise<EpochMs | "running" | null> {
  const outcome = await ledger.outcome(id);
  if (outcome !== null) return parseTime(outcome.completedAt);
  const instance = await findInstance(client, ledger, id);
  switch (instance?.execution.kind) {
    case undefined:
      return null;
    case "running":
      return "running";
    case "ended":
      return parseTime(instance.execution.outcome.completedAt);
    case "broken":
      return parseTime(instance.execution.at);
  }
}
