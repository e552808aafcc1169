import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import type { InstanceId } from "../../copy/contract/ids.ts";
import type { EpochMs } from "../../copy/time.ts";
import { minute, second } from "../../copy/durations.ts";
import { maxNotificationMs } from "../../copy/polling/backoff.ts";
import type { OrchestrationRecord } from "../../copy/contract/copy-status.ts";
import type { Outcome } from "../../copy/contract/outcome.ts";
import type { CopyInput } from "../../copy/contract/activities.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { isDeleted } from "../../ledger/record.ts";
import { readOwnInstance, readRepairInstance } from "../../instances/find-instance.ts";
import { emit } from "../../telemetry/scope.ts";
import { traceIdOf } from "../../telemetry/trace-context.ts";
import { startRepair } from "../../instances/start-repair.ts";

/** The time in ms that a notification may be in the outbox before the watchdog intervenes. */
const graceMs = 10 * minute;
const maxEntries = 100;

/**
 * Starts a repair for each ended copy whose instance failed before its notification was delivered. The repair settles
 * the copy again, which changes nothing, and sends the notification. After a day the notification is dropped. Returns
 * the number of waiting notifications, and the time since which the oldest one has waited.
 */
export async function resendNotifications(
  { ledger, now }: { ledger: Ledger; now(): EpochMs },
  client: DurableClient,
  context: InvocationContext,
): Promise<OutboxState> {
  let entries = 0;
  let oldestMs: number | null = null;
  for (const entry of await ledger.outbox.list(maxEntries)) {
    if (entry.kind === "unreadable") {
      await discard(ledger, context, entry.name);
      continue;
    }
    const { instanceId, copy, since } = entry;
    const waited = now() - since;
    if (waited > maxNotificationMs + graceMs) {
      await ledger.outbox.remove(instanceId);
      context.error(
        `Cannot deliver the notification of copy ${instanceId} because its targets did not accept it for a day`,
      );
      emit("ferry.notification.dropped", {
        instanceId,
        traceId: traceIdOf(copy.trace),
        reason: "refused-for-a-day",
        waitedSeconds: waited / second,
      });
      continue;
    }
    entries++;
    oldestMs = Math.max(oldestMs ?? 0, waited);
    if (waited > graceMs && waited < maxNotificationMs) {
      await repairToNotify(ledger, client, context, { instanceId, copy, waitedMs: waited });
    }
  }
  return { entries, oldestSeconds: oldestMs === null ? null : oldestMs / second };
}

type OutboxState = { entries: number; oldestSeconds: number | null };

/** Removes the entry; otherwise every run would list it again before the others. */
async function discard(ledger: Ledger, context: InvocationContext, name: string): Promise<void> {
  const message = `Cannot send the notification of the entry ${name} because this app cannot have written it`;
  try {
    await ledger.outbox.discard(name);
    context.error(`${message}; it was removed`);
    emit("ferry.notification.dropped", {
      instanceId: null,
      traceId: null,
      reason: "unreadable",
      waitedSeconds: null,
    });
  } catch {
    context.error(`${message}; it could not be removed`);
  }
}

async function repairToNotify(
  ledger: Ledger,
  client: DurableClient,
  context: InvocationContext,
  { instanceId, copy, waitedMs }: { instanceId: InstanceId; copy: CopyInput; waitedMs: number },
): Promise<void> {
  const emitResent = (action: "repaired" | "failed") =>
    emit("ferry.notification.resent", {
      instanceId,
      traceId: traceIdOf(copy.trace),
      action,
      waitedSeconds: waitedMs / second,
    });
  const record = await ledger.records.read(instanceId);
  const outcome = record?.outcome ?? null;
  if (record === null || outcome === null) return;
  // A step that was running during the DELETE has added it, and was killed.
  if (isDeleted(record)) return await ledger.outbox.remove(instanceId);
  try {
    const own = await readOwnInstance(client, instanceId);
    if (own?.execution.kind === "running") return;
    const repair = await readRepairInstance(client, instanceId);
    if (repair?.execution.kind === "running") return;
    const entry = { plan: null, copyId: null, settlement: null };
    await startRepair(client, { instanceId, entry, copy, record: recordOf(outcome) });
    context.warn(`Copy ${instanceId} ended without its notification, which a repair now sends`);
    emitResent("repaired");
  } catch {
    // The error is logged, so that it does not stop the others. Its text may quote inputs.
    context.error(
      `Cannot resend the notification of copy ${instanceId} because Durable did not respond`,
    );
    emitResent("failed");
  }
}

function recordOf({ abortRequested, startedAt, statusReads }: Outcome): OrchestrationRecord {
  return { abortRequested, startedAt, statusReads };
}
