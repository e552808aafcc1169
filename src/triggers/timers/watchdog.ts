import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { hour, minute, second } from "../../copy/durations.ts";
import { parseTime, plusMs } from "../../copy/time.ts";
import type { EpochMs } from "../../copy/time.ts";
import type { Outcome } from "../../copy/contract/outcome.ts";
import type { CopyInstance } from "../../instances/copy-instance.ts";
import { busyUntil, emptyRecord, withOutcome, withPlace } from "../../ledger/record.ts";
import { LedgerError } from "../../ledger/ledger-error.ts";
import type { HeldLock, Ledger, LockPage } from "../../ledger/ledger.ts";
import { events, repairInstanceId } from "../../names.ts";
import { readOwnInstance, readRepairInstance } from "../../instances/find-instance.ts";
import { knownStatus, recordFrom } from "../../instances/known-status.ts";
import { raiseEvent } from "../../instances/raise-event.ts";
import { startRepair } from "../../instances/start-repair.ts";
import { createWakeWaiter } from "../../instances/wake-waiter.ts";
import { stuckColumns } from "../../telemetry/copy-lines.ts";
import { emit } from "../../telemetry/scope.ts";
import { passOnQueues } from "./pass-on-queues.ts";
import { watchJobs } from "./watch-jobs.ts";
import { resendNotifications } from "./resend-notifications.ts";

export type WatchdogDependencies = { ledger: Ledger; now(): EpochMs };

/** The handler of a function with a timer trigger. */
export type TimerHandler = (
  timer: unknown,
  client: DurableClient,
  context: InvocationContext,
) => Promise<void>;

/** The time in ms by which a poll must be overdue before the watchdog intervenes. */
const graceMs = 10 * minute;
/** The minimum time in ms between two wakes of one copy, because each lengthens its history. */
const minWakeIntervalMs = 6 * hour;
/** The minimum time in ms before a failed repair is started again. */
const minRepairIntervalMs = hour;

const pageSize = 200;
const maxPages = 10;
/**
 * The time limit of a scan in ms, well below the shortest limit of any hosting plan ("functionTimeout", five minutes).
 */
const maxRunMs = 2 * minute;
const maxConcurrent = 8;

/**
 * Scans the locks, one for each copy that holds a destination. It releases locks that ended copies left behind, wakes
 * instances whose poll is overdue, and starts a repair for each copy whose instance failed, was terminated or was
 * purged. A scan that takes too long continues at the next run. Then it wakes the waiters of free destinations,
 * checks the jobs, and resends notifications.
 */
export function watchdog(deps: WatchdogDependencies): TimerHandler {
  const { ledger, now } = deps;
  return async (_timer, client, context) => {
    const startedAt = now();
    const counts: Counts = { locks: 0, stuck: 0, failed: 0 };
    const first = await ledger.lockScan.page({ marker: null, limit: pageSize });
    const position = first.marker === null ? null : await ledger.lockScan.readPosition();
    let page = position === null ? first : await continueScan(ledger, position, first);
    for (let pages = 1; ; pages++) {
      for (let at = 0; at < page.names.length; at += maxConcurrent) {
        const some = page.names.slice(at, at + maxConcurrent);
        await Promise.all(some.map((name) => watchLock(deps, client, context, { name, counts })));
      }
      const { marker } = page;
      if (marker === null || pages === maxPages || now() - startedAt > maxRunMs) {
        if (marker !== position) await ledger.lockScan.writePosition(marker);
        await passOnQueues(deps, client, context, { until: plusMs(startedAt, maxRunMs) });
        await watchJobs(deps, client, context);
        const outbox = await resendNotifications(deps, client, context);
        const seconds = (now() - startedAt) / second;
        return emit("ferry.watchdog.ran", {
          ...counts,
          complete: marker === null,
          outbox: outbox.entries,
          outboxOldestSeconds: outbox.oldestSeconds,
          seconds,
        });
      }
      page = await ledger.lockScan.page({ marker, limit: pageSize });
    }
  };
}

type Counts = { locks: number; stuck: number; failed: number };

/** Starts over if Storage no longer accepts the marker, which would otherwise fail every later scan. */
async function continueScan(ledger: Ledger, marker: string, first: LockPage): Promise<LockPage> {
  return await ledger.lockScan.page({ marker, limit: pageSize }).catch(() => first);
}

/** Handles one lock. An error is logged, so that it does not stop the scan. */
async function watchLock(
  deps: WatchdogDependencies,
  client: DurableClient,
  context: InvocationContext,
  { name, counts }: { name: string; counts: Counts },
): Promise<void> {
  counts.locks++;
  try {
    const lock = await deps.ledger.lockScan.read(name);
    const done = lock === null ? null : await intervene(deps, client, lock);
    if (lock === null || done === null) return;
    counts.stuck++;
    context.warn(`Copy ${lock.instanceId} ${done.text}`);
    emit("ferry.copy.stuck", stuckColumns(lock, done));
  } catch (error) {
    counts.failed++;
    // Other messages may quote Durable's response.
    const reason = error instanceof LedgerError ? error.message : "Durable did not respond";
    context.error(`Cannot check the copy of lock ${name}: ${reason}`);
  }
}

/** The action of the watchdog; `text` completes the log sentence "Copy <id> …". */
type Intervention = {
  action: "woken" | "repaired" | "released";
  text: string;
  overdueSeconds: number | null;
};

/** Releases the lock, wakes the instance or starts a repair; null if none of them was necessary. */
async function intervene(
  deps: WatchdogDependencies,
  client: DurableClient,
  lock: HeldLock,
): Promise<Intervention | null> {
  const { ledger, now } = deps;
  const { instanceId } = lock;
  const own = await readOwnInstance(client, instanceId);
  if (own?.execution.kind === "running") return await wakeIfOverdue(deps, client, lock, own);
  // An instance is started before it acquires its lock, so a lock that has just changed has a running instance.
  if (own === null && now() - lock.changedAt < graceMs) return null;
  const entry = await ledger.records.read(instanceId);
  if (own === null && entry !== null && now() - entry.changedAt < graceMs) return null;
  if (entry !== null && busyUntil(entry) > now()) return null;

  const outcome =
    own?.execution.kind === "ended" ? own.execution.outcome : (entry?.outcome ?? null);
  if (outcome !== null) return await releaseLock(deps, client, lock, outcome);
  const repair = await readRepairInstance(client, instanceId);
  if (repair?.execution.kind === "running") {
    return await wakeIfOverdue(deps, client, lock, repair, repairInstanceId(instanceId));
  }
  if (repair?.execution.kind === "ended") {
    return await releaseLock(deps, client, lock, repair.execution.outcome);
  }
  if (
    repair?.execution.kind === "broken" &&
    now() - parseTime(repair.execution.at) < minRepairIntervalMs
  ) {
    return null;
  }
  const { copy } = lock;
  const last = repair?.customStatus ?? own?.customStatus ?? null;
  const record = recordFrom(knownStatus(last, entry, copy.createdAt));
  const isNew = await startRepair(client, {
    instanceId,
    entry: entry ?? emptyRecord,
    copy,
    record,
  });
  const text = "was taken over by a repair because its orchestration failed or is lost";
  return isNew ? { action: "repaired", text, overdueSeconds: null } : null;
}

async function wakeIfOverdue(
  { ledger, now }: WatchdogDependencies,
  client: DurableClient,
  lock: HeldLock,
  instance: CopyInstance,
  listenerId: string = lock.instanceId,
): Promise<Intervention | null> {
  const { customStatus, execution } = instance;
  // Only an operator can resume it; each wake would lengthen its history.
  if (execution.kind === "running" && execution.isSuspended === true) return null;
  const due = customStatus?.nextReadAt ?? null;
  if (due === null) return null;
  const overdueMs = now() - parseTime(due);
  if (overdueMs < graceMs) return null;
  const order = { now: now(), intervalMs: minWakeIntervalMs };
  if (!(await ledger.lockScan.recordWake(lock, order))) return null;
  await raiseEvent(client, listenerId, events.wake);
  const text = `was woken because its next poll was due at ${due}`;
  return { action: "woken", text, overdueSeconds: overdueMs / second };
}

async function releaseLock(
  { ledger, now }: WatchdogDependencies,
  client: DurableClient,
  lock: HeldLock,
  outcome: Outcome,
): Promise<Intervention> {
  const { instanceId: ended, name } = lock;
  // The outcome is recorded first: from then on, a late start cannot register an attempt.
  await ledger.records.change(ended, undefined, (record) =>
    withOutcome(withPlace(record, lock.copy), outcome),
  );
  await ledger.lockScan.release(lock);
  const wake = createWakeWaiter(client);
  await ledger.queue.passOn({ lock: name }, { now: now(), ended, wake });
  const text = "had ended without releasing its lock; the watchdog released it";
  return { action: "released", text, overdueSeconds: null };
}
