import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { isoDay, timeOf } from "../../copy/time.ts";
import type { Aging, Ledger, Mark } from "../../ledger/ledger.ts";
import { repairIdOf } from "../../names.ts";
import { findRun } from "../../instances/find-instance.ts";
import type { Timed } from "./watchdog.ts";

/** `retentionDays`: how long a copy is kept after its end, and a claim after it was made. */
export type PurgeDeps = { ledger: Ledger; now(): number; retentionDays: number };

const day = 86_400_000;
const batch = 100;
/** As for the watchdog, well below the shortest time that a plan gives a function; ms. */
const longestRun = 120_000;
const atOnce = 8;

/**
 * Forgets what was kept long enough, oldest first: claims, then copies with their histories. Claims
 * first, because a key whose copy is forgotten would start it anew. A run that ends halfway, or takes
 * too long, leaves the rest to the next: what is forgotten is gone from the list it began with.
 */
export function purge(deps: PurgeDeps): Timed {
  return async (_timer, client, context) => {
    const end = deps.now() + longestRun;
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
  kind: Aging,
  { end, context }: { end: number; context: InvocationContext },
  purgeOne: (mark: Mark) => Promise<void>,
): Promise<boolean> {
  while (now() < end) {
    const before = { day: isoDay(now() - retentionDays * day), most: batch };
    const marks = await ledger.retention.aged(kind, before);
    if (marks.length === 0) return true;
    let failed = 0;
    for (let at = 0; at < marks.length; at += atOnce) {
      const results = await Promise.allSettled(marks.slice(at, at + atOnce).map(purgeOne));
      failed += results.filter(({ status }) => status === "rejected").length;
    }
    context.log(`Looked at ${marks.length} old ${kind} and forgot those that had ended`);
    if (failed === 0) continue;
    context.error(`Cannot forget ${failed} old ${kind} now; they are tried again in an hour`);
    return false;
  }
  return false;
}

async function purgeClaim({ ledger, now, retentionDays }: PurgeDeps, mark: Mark): Promise<void> {
  const { retention } = ledger;
  const claim = await retention.claimOf(mark);
  // A claim lives at least as long as its copy runs, or a repeated call would start another.
  if (claim !== null && (await ledger.isOpen(claim.instanceId))) {
    return await retention.keep(mark, isoDay(now()));
  }
  const isYoung = claim !== null && isoDay(claim.madeAt) >= isoDay(now() - retentionDays * day);
  await (isYoung ? retention.keep(mark, isoDay(claim.madeAt)) : retention.forget(mark));
}

async function purgeCopy(
  { ledger, now, retentionDays }: PurgeDeps,
  client: DurableClient,
  mark: Mark,
): Promise<void> {
  const { retention } = ledger;
  const id = mark.key;
  const endedAt = await endOf(ledger, client, id);
  if (endedAt === "running") return await retention.keep(mark, isoDay(now()));
  const endedOn = endedAt === null ? null : isoDay(endedAt);
  if (endedOn !== null && endedOn >= isoDay(now() - retentionDays * day)) {
    return await retention.keep(mark, endedOn);
  }
  await client.purgeInstanceHistory(repairIdOf(id));
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
  if (outcome !== null) return timeOf(outcome.completedAt);
  const run = await findRun(client, ledger, id);
  switch (run?.ending.kind) {
    case undefined:
      return null;
    case "running":
      return "running";
    case "ended":
      return timeOf(run.ending.outcome.completedAt);
    case "broken":
      return timeOf(run.ending.at);
  }
}
