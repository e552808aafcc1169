import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { longestAnnouncing } from "../../copy/polling/backoff.ts";
import type { CopyInput } from "../../copy/contract/activities.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { ownRun, repairOf } from "../../instances/find-instance.ts";
import { recordOf, startRepair } from "../../instances/repair-instance.ts";

/** A run that only tells of its end may be this late; ms. */
const grace = 600_000;
const mostAtOnce = 100;

/**
 * Ends that somebody is to be told of, and whose run was broken off before it could: a repair settles
 * the copy once more, which changes nothing, and tells. After a day nobody wants to know any more.
 */
export async function tellAgain(
  { ledger, now }: { ledger: Ledger; now(): number },
  client: DurableClient,
  context: InvocationContext,
): Promise<void> {
  for (const each of await ledger.untold.some(mostAtOnce)) {
    const { instanceId, since } = each;
    const waited = now() - since;
    if (waited > longestAnnouncing + grace) {
      await ledger.untold.remove(instanceId);
      context.error(`Nobody could be told for a day how copy ${instanceId} ended`);
    } else if (waited > grace && waited < longestAnnouncing) {
      await repairToTell(ledger, client, context, each);
    }
  }
}

async function repairToTell(
  ledger: Ledger,
  client: DurableClient,
  context: InvocationContext,
  { instanceId, copy }: { instanceId: string; copy: CopyInput },
): Promise<void> {
  if ((await ledger.outcome(instanceId)) === null) return;
  try {
    const own = await ownRun(client, instanceId);
    if (own?.ending.kind === "running") return;
    const repair = await repairOf(client, instanceId);
    if (repair?.ending.kind === "running") return;
    const slot = { instanceId, plan: null, copyId: null, closing: null };
    await startRepair(client, { slot, copy, record: recordOf(own?.state ?? null) });
    context.warn(`Copy ${instanceId} ended without telling, and tells again`);
  } catch {
    // One that Durable does not answer for is no reason to leave the others alone; its text may quote inputs.
    context.error(`Cannot tell again how copy ${instanceId} ended: Durable could not be asked`);
  }
}
