import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { maxNotificationMs } from "../../copy/polling/backoff.ts";
import type { CopyInput } from "../../copy/contract/activities.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { ownInstance, repairInstance } from "../../instances/find-instance.ts";
import { recordFrom, startRepair } from "../../instances/repair-instance.ts";

/** A run that only tells of its end may be this late; ms. */
const grace = 600_000;
const maxConcurrent = 100;

/**
 * Ends that somebody is to be told of, and whose run was broken off before it could: a repair settles
 * the copy once more, which changes nothing, and tells. After a day nobody wants to know any more.
 */
export async function resendNotifications(
  { ledger, now }: { ledger: Ledger; now(): number },
  client: DurableClient,
  context: InvocationContext,
): Promise<void> {
  for (const each of await ledger.outbox.list(maxConcurrent)) {
    const { instanceId, since } = each;
    const waited = now() - since;
    if (waited > maxNotificationMs + grace) {
      await ledger.outbox.remove(instanceId);
      context.error(`Nobody could be told for a day how copy ${instanceId} ended`);
    } else if (waited > grace && waited < maxNotificationMs) {
      await repairToNotify(ledger, client, context, each);
    }
  }
}

async function repairToNotify(
  ledger: Ledger,
  client: DurableClient,
  context: InvocationContext,
  { instanceId, copy }: { instanceId: string; copy: CopyInput },
): Promise<void> {
  if ((await ledger.outcome(instanceId)) === null) return;
  try {
    const own = await ownInstance(client, instanceId);
    if (own?.execution.kind === "running") return;
    const repair = await repairInstance(client, instanceId);
    if (repair?.execution.kind === "running") return;
    const lock = { instanceId, plan: null, copyId: null, settlement: null };
    await startRepair(client, { lock: lock, copy, record: recordFrom(own?.customStatus ?? null) });
    context.warn(`Copy ${instanceId} ended without telling, and tells again`);
  } catch {
    // One that Durable does not answer for is no reason to leave the others alone; its text may quote inputs.
    context.error(`Cannot tell again how copy ${instanceId} ended: Durable could not be asked`);
  }
}
