import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { parseTime } from "../../copy/time.ts";
import { failure } from "../../copy/contract/failure.ts";
import { buildOutcome } from "../../copy/contract/outcome.ts";
import type { CopyResult, Outcome } from "../../copy/contract/outcome.ts";
import type { CopyInstance } from "../../instances/copy-instance.ts";
import { LedgerError } from "../../ledger/ledger-error.ts";
import type { HeldLock, Ledger, LockPage } from "../../ledger/ledger.ts";
import { events, repairInstanceId } from "../../names.ts";
import { ownInstance, repairInstance } from "../../instances/find-instance.ts";
import { recordFrom, startRepair } from "../../instances/repair-instance.ts";
import { resendNotifications } from "./resend-notifications.ts";

export type WatchdogDeps = { ledger: Ledger; now(): number };

/** A function with a timer trigger. */
export type TimerHandler = (
  timer: unknown,
  client: DurableClient,
  context: InvocationContext,
) => Promise<void>;

/** A look may be this late before anybody worries; ms. */
const grace = 600_000;
/** Each wake lengthens the history, heard or not. */
const betweenWakes = 6 * 3_600_000;
/** A repair that was broken off itself is begun again after this. */
const betweenRepairs = 3_600_000;

const pageSize = 200;
const maxPages = 10;
/** Well below the shortest time that a plan gives a function (five minutes, "functionTimeout"); ms. */
const maxRunMs = 120_000;
const maxConcurrent = 8;

/**
 * Walks the locks, that is all copies which hold a destination: frees what an ended copy left behind,
 * wakes a run that slept past its next look, and hands a copy whose run Durable failed, terminated or
 * lost to a repair. A walk that takes too long goes on where it left off, next time.
 */
export function watchdog(deps: WatchdogDeps): TimerHandler {
  const { ledger, now } = deps;
  return async (_timer, client, context) => {
    const begun = now();
    const first = await ledger.lockScan.page({ marker: null, most: pageSize });
    const leftOff = first.marker === null ? null : await ledger.lockScan.position();
    let page = leftOff === null ? first : await goOn(ledger, leftOff, first);
    for (let pages = 1; ; pages++) {
      for (let at = 0; at < page.names.length; at += maxConcurrent) {
        const some = page.names.slice(at, at + maxConcurrent);
        await Promise.all(some.map((name) => watchLock(deps, client, context, name)));
      }
      const { marker } = page;
      if (marker === null || pages === maxPages || now() - begun > maxRunMs) {
        if (marker !== leftOff) await ledger.lockScan.moveTo(marker);
        return await resendNotifications(deps, client, context);
      }
      page = await ledger.lockScan.page({ marker, most: pageSize });
    }
  };
}

/** A marker that Storage does not take any more must not end all walks. */
async function goOn(ledger: Ledger, marker: string, first: LockPage): Promise<LockPage> {
  return await ledger.lockScan.page({ marker, most: pageSize }).catch(() => first);
}

/** One copy's trouble is no reason to leave the others alone. */
async function watchLock(
  deps: WatchdogDeps,
  client: DurableClient,
  context: InvocationContext,
  name: string,
): Promise<void> {
  try {
    const lock = await deps.ledger.lockScan.read(name);
    const deed = lock === null ? null : await lookAfter(deps, client, lock);
    if (deed !== null) context.warn(`Copy ${lock?.instanceId} ${deed}`);
  } catch (error) {
    // Other texts may quote what Durable answered.
    const reason = error instanceof LedgerError ? error.message : "Durable could not be asked";
    context.error(`Cannot look after the copy in ${name}: ${reason}`);
  }
}

/** What was done about the copy, for the log; null for a copy that needs nothing. */
async function lookAfter(
  deps: WatchdogDeps,
  client: DurableClient,
  lock: HeldLock,
): Promise<string | null> {
  const { ledger, now } = deps;
  const { instanceId } = lock;
  const own = await ownInstance(client, instanceId);
  if (own?.execution.kind === "running") return await wakeIfStuck(deps, client, lock, own);
  // Durable knows a run before its lock is taken; a lock just written belongs to something alive.
  if (own === null && now() - lock.changedAt < grace) return null;
  if (lock.busyUntil > now()) return null;

  const outcome =
    own?.execution.kind === "ended" ? own.execution.outcome : await ledger.outcome(instanceId);
  if (outcome !== null) return await free(deps, lock, outcome);
  const repair = await repairInstance(client, instanceId);
  if (repair?.execution.kind === "running") {
    return await wakeIfStuck(deps, client, lock, repair, repairInstanceId(instanceId));
  }
  if (repair?.execution.kind === "ended") return await free(deps, lock, repair.execution.outcome);
  if (
    repair?.execution.kind === "broken" &&
    now() - parseTime(repair.execution.at) < betweenRepairs
  ) {
    return null;
  }
  const copy = lock.copy ?? own?.copy ?? null;
  if (copy === null) return await free(deps, lock, unknown(deps, lock));
  const record = recordFrom(repair?.customStatus ?? own?.customStatus ?? null);
  const isNew = await startRepair(client, { lock: lock, copy, record });
  return isNew ? "was taken over by a repair as its orchestration was broken off" : null;
}

async function wakeIfStuck(
  { ledger, now }: WatchdogDeps,
  client: DurableClient,
  lock: HeldLock,
  run: CopyInstance,
  instanceId = lock.instanceId,
): Promise<string | null> {
  const due = run.customStatus?.nextReadAt ?? null;
  if (due === null || now() - parseTime(due) < grace) return null;
  if (lock.wokenAt !== null && now() - lock.wokenAt < betweenWakes) return null;
  if (!(await ledger.lockScan.recordWake(lock, now()))) return null;
  await client.raiseEvent(instanceId, events.wake, null);
  return `was woken as its next look was due at ${due}`;
}

async function free({ ledger }: WatchdogDeps, lock: HeldLock, outcome: Outcome): Promise<string> {
  await ledger.recordOutcome(lock.instanceId, outcome);
  await ledger.lockScan.free(lock);
  return "had ended and left its destination's lock behind: freed";
}

/** Neither Durable nor the lock knows what was to be copied: nobody can look, nobody can clean up. */
function unknown({ now }: WatchdogDeps, { instanceId, copyId }: HeldLock): Outcome {
  const message = `Cannot tell how the copy ended as nothing is known of it any more: ${instanceId}`;
  const reason = failure("internal", message);
  const result: CopyResult = { kind: "not-started", failure: reason };
  const residue = ["What the copy left behind could not be looked at"];
  return buildOutcome(result, { copyId, record: recordFrom(null), residue, settledAt: now() });
}
