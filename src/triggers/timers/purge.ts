import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { toIsoDay, parseTime } from "../../copy/time.ts";
import type { RetentionKind, Ledger, RetentionEntry } from "../../ledger/ledger.ts";
import { repairInstanceId } from "../../names.ts";
import { findInstance } from "../../instances/find-instance.ts";
import type { TimerHandler } from "./watchdog.ts";

/** `retentionDays`: how long a copy is kept after its end, and a claim after it was made. */
export type PurgeDeps = { ledger: Ledger; now(): number; retentionDays: number };

const day = 86_400_000;
const batch = 100;
/** As for the watchdog, well below the shortest time that a plan gives a function; ms. */
const maxRunMs = 120_000;
const maxConcurrent = 8;

/**
 * Forgets what was kept long enough, oldest first: claims, then copies with their histories. Claims
 * first, because a key whose copy is forgotten would start it anew. A run that ends halfway, or takes
 * too long, leaves the rest to the next: what is forgotten is gone from the list it began with.
 */
export function purge(deps: PurgeDeps): TimerHandler {
  return async (_timer, client, context) => {
    const end = deps.now() + maxRunMs;
    const claimsAreDone = await purgeAll(deps, "claims", { end, context }, (mark) =>
      purgeClaim(deps, mark),
    );
    if (!claimsAreDone) return;
    await purgeAll(deps, "copies", { end, context }, (mark) => purgeCopy(deps, client, mark));
  };
}

/** False when something old was left; what could not be forgotten now does not hold up the others. */
async function purgeAll(
  { ledger, now, retentionDays }: PurgeDeps,
  kind: RetentionKind,
  { end, context }: { end: number; context: InvocationContext },
  purgeOne: (mark: RetentionEntry) => Promise<void>,
): Promise<boolean> {
  while (now() < end) {
    const before = { day: toIsoDay(now() - retentionDays * day), most: batch };
    const marks = await ledger.retention.listDue(kind, before);
    if (marks.length === 0) return true;
    let failed = 0;
    for (let at = 0; at < marks.length; at += maxConcurrent) {
      const results = await Promise.allSettled(marks.slice(at, at + maxConcurrent).map(purgeOne));
      failed += results.filter(({ status }) => status === "rejected").length;
    }
    context.log(`Looked at ${marks.length} old ${kind} and forgot those that had ended`);
    if (failed === 0) continue;
    context.error(`Cannot forget ${failed} old ${kind} now; they are tried again in an hour`);
    return false;
  }
  return false;
}

async function purgeClaim(
  { ledger, now, retentionDays }: PurgeDeps,
  mark: RetentionEntry,
): Promise<void> {
  const { retention } = ledger;
  const claim = await retention.claimOf(mark);
  // A claim lives at least as long as its copy runs, or a repeated call would start another.
  if (claim !== null && (await ledger.hasOpenRecord(claim.instanceId))) {
    return await retention.postpone(mark, toIsoDay(now()));
  }
  const isYoung = claim !== null && toIsoDay(claim.madeAt) >= toIsoDay(now() - retentionDays * day);
  await (isYoung ? retention.postpone(mark, toIsoDay(claim.madeAt)) : retention.forget(mark));
}

async function purgeCopy(
  { ledger, now, retentionDays }: PurgeDeps,
  client: DurableClient,
  mark: RetentionEntry,
): Promise<void> {
  const { retention } = ledger;
  const id = mark.key;
  const endedAt = await endOf(ledger, client, id);
  if (endedAt === "running") return await retention.postpone(mark, toIsoDay(now()));
  const endedOn = endedAt === null ? null : toIsoDay(endedAt);
  if (endedOn !== null && endedOn >= toIsoDay(now() - retentionDays * day)) {
    return await retention.postpone(mark, endedOn);
  }
  await client.purgeInstanceHistory(repairInstanceId(id));
  await client.purgeInstanceHistory(id);
  await retention.forget(mark);
}

/** When the copy ended, epoch ms; null where nobody knows of it any more. */
async function endOf(
  ledger: Ledger,
  client: DurableClient,
  id: string,
): Promise<number | "running" | null> {
  const outcome = await ledger.outcome(id);
  if (outcome !== null) return parseTime(outcome.completedAt);
  const run = await findInstance(client, ledger, id);
  switch (run?.execution.kind) {
    case undefined:
      return null;
    case "running":
      return "running";
    case "ended":
      return parseTime(run.execution.outcome.completedAt);
    case "broken":
      return parseTime(run.execution.at);
  }
}
