import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { isInstanceId } from "../../copy/contract/ids.ts";
import type { InstanceId } from "../../copy/contract/ids.ts";
import { day, minute } from "../../copy/durations.ts";
import { parseTime, plusMs, toDate, toIsoDay } from "../../copy/time.ts";
import type { EpochMs } from "../../copy/time.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { repairInstanceId } from "../../names.ts";
import { findInstance } from "../../instances/find-instance.ts";
import { purgeInstance, unfinished } from "../../instances/purge-instance.ts";
import { purgeJobs } from "./purge-jobs.ts";
import type { TimerHandler } from "./watchdog.ts";

/** Every hour at half past: NCRONTAB with seconds. It needs no setting, because `retentionDays` counts days. */
export const purgeSchedule = "0 30 * * * *";

/** `retentionDays`: how long a copy and its claim are kept after the copy's end. */
export type PurgeDependencies = { ledger: Ledger; now(): EpochMs; retentionDays: number };

/** The largest page of a listing ("List Blobs", maxresults). */
const pageSize = 5_000;
/**
 * The time limit in ms of one run. Like the watchdog's limit, it is well below the shortest limit of any hosting plan.
 */
const maxRunMs = 2 * minute;
const maxConcurrent = 8;

/**
 * Deletes old copies with their histories, claims and records, oldest first; one page of claims without a record;
 * and once a day the instances without a record. A copy that cannot be purged now does not stop the others. A run that
 * takes too long leaves the rest to the next run: purged copies are no longer listed.
 */
export function purge(deps: PurgeDependencies): TimerHandler {
  return async (_timer, client, context) => {
    const run = { now: deps.now, until: plusMs(deps.now(), maxRunMs), context };
    await purgeCopies(deps, client, run);
    await purgeJobs(deps, client, context, { firstKeptDay: firstKeptDay(deps), until: run.until });
    await purgeLostClaims(deps, client, run);
    // Durable reads all its instances for this.
    if (toDate(deps.now()).getUTCHours() === 0) await purgeUnrecorded(deps, client, run);
  };
}

type Run = { now(): EpochMs; until: EpochMs; context: InvocationContext };

async function purgeCopies(
  deps: PurgeDependencies,
  client: DurableClient,
  run: Run,
): Promise<void> {
  const { retention } = deps.ledger;
  const firstKept = firstKeptDay(deps);
  for (const requestedOn of await retention.listDays({ day: firstKept })) {
    let marker: string | null = null;
    do {
      if (deps.now() >= run.until) return;
      const page = await retention.listRecords(requestedOn, { marker, limit: pageSize });
      // The columns of the listing show when a copy ended, so only copies that are due are read.
      const due = page.records.filter(
        ({ completedAt }) => completedAt === null || toIsoDay(parseTime(completedAt)) < firstKept,
      );
      await purgeEach(run, "copies", due, ({ instanceId }) => purgeCopy(deps, client, instanceId));
      ({ marker } = page);
    } while (marker !== null);
  }
}

/**
 * Deletes the instances of old copies that have no record, because they failed or were terminated before their first
 * step. The ledger does not list them, but Durable does.
 */
async function purgeUnrecorded(
  deps: PurgeDependencies,
  client: DurableClient,
  run: Run,
): Promise<void> {
  const createdTimeTo = toDate(parseTime(firstKeptDay(deps)));
  const instances = await client.getStatusBy({ createdTimeTo });
  const ended = instances.filter(({ runtimeStatus }) => !unfinished.has(runtimeStatus));
  const ids = ended.map(({ instanceId }) => instanceId).filter(isInstanceId);
  await purgeEach(run, "copies", ids, async (id) => {
    const record = await deps.ledger.records.read(id);
    return record === null && (await purgeCopy(deps, client, id));
  });
}

/** Copies that ended before this day, and claims that were made before it, are purged. */
function firstKeptDay({ now, retentionDays }: PurgeDependencies): string {
  return toIsoDay(plusMs(now(), -retentionDays * day));
}

/** Purges each entry, some at a time. An entry that cannot be purged now does not stop the others. */
async function purgeEach<Entry>(
  { now, until, context }: Run,
  kind: string,
  entries: readonly Entry[],
  purgeOne: (entry: Entry) => Promise<boolean>,
): Promise<void> {
  let purged = 0;
  let failed = 0;
  for (let at = 0; at < entries.length && now() < until; at += maxConcurrent) {
    const some = entries.slice(at, at + maxConcurrent);
    for (const result of await Promise.allSettled(some.map(purgeOne))) {
      if (result.status === "rejected") failed++;
      else if (result.value) purged++;
    }
  }
  if (purged > 0) context.log(`Purged ${purged} old ${kind}`);
  if (failed > 0) {
    context.error(`Cannot purge ${failed} old ${kind} now; the next run retries them in an hour`);
  }
}

/**
 * Reads one page of claims, and deletes those whose copy has neither a record nor an instance: the record was deleted
 * before its claim, or the copy was never started.
 */
async function purgeLostClaims(
  deps: PurgeDependencies,
  client: DurableClient,
  run: Run,
): Promise<void> {
  const { retention, records, jobs } = deps.ledger;
  const from = { marker: await retention.readPosition(), limit: pageSize };
  const page = await retention.listClaims(from).catch(async (error: unknown) => {
    // Storage may no longer accept the marker.
    if (from.marker === null) throw error;
    return await retention.listClaims({ ...from, marker: null });
  });
  const firstKept = firstKeptDay(deps);
  const old = page.claims.filter(({ madeAt }) => toIsoDay(madeAt) < firstKept);
  await purgeEach(run, "claims", old, async ({ name }) => {
    const claim = await retention.readClaim(name);
    if (claim !== null) {
      if ((await records.read(claim.instanceId)) !== null) return false;
      if ((await jobs.read(claim.instanceId)) !== null) return false;
      if ((await findInstance(client, deps.ledger, claim.instanceId)) !== null) return false;
    }
    await retention.purgeClaim(name);
    return true;
  });
  if (page.marker !== from.marker) await retention.writePosition(page.marker);
}

/** Returns true if the copy was purged; false if it is running, ended too recently, or cannot be purged yet. */
async function purgeCopy(
  deps: PurgeDependencies,
  client: DurableClient,
  id: InstanceId,
): Promise<boolean> {
  const { ledger } = deps;
  const completedAt = await readCompletion(ledger, client, id);
  if (completedAt === "running") return false;
  if (completedAt !== null && toIsoDay(completedAt) >= firstKeptDay(deps)) return false;
  const isPurged = {
    repair: await purgeOrTerminate(client, repairInstanceId(id)),
    own: await purgeOrTerminate(client, id),
  };
  // Termination takes a moment, so the next run purges the instance.
  if (!isPurged.repair || !isPurged.own) return false;
  await ledger.retention.purgeCopy(id);
  return true;
}

/**
 * Purges an instance. If it has not ended although its copy's outcome is recorded and old, terminates it and returns
 * false.
 */
async function purgeOrTerminate(client: DurableClient, instanceId: string): Promise<boolean> {
  if ((await purgeInstance(client, instanceId)) === "purged") return true;
  await client.terminate(instanceId, "The retention of its copy is over");
  return false;
}

/** When the copy ended (epoch ms); null if the copy no longer exists in the ledger or in Durable. */
async function readCompletion(
  ledger: Ledger,
  client: DurableClient,
  id: InstanceId,
): Promise<EpochMs | "running" | null> {
  const record = await ledger.records.read(id);
  const endedAt = record?.outcome?.completedAt ?? record?.deletedAt ?? null;
  if (endedAt !== null) return parseTime(endedAt);
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
