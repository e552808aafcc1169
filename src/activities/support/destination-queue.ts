import { pickEndpoints } from "../../copy/contract/activities.ts";
import type { ActivityContext, ActivityInput, StartInput } from "../../copy/contract/activities.ts";
import { endpointUrl } from "../../copy/location/endpoint.ts";
import type { HeldLock, LockAcquired } from "../../ledger/ledger.ts";
import { isOfOther, newRecord } from "../../ledger/record.ts";
import type { CopyRecord } from "../../ledger/record.ts";
import type { ActivityDependencies } from "./dependencies.ts";

/**
 * Acquires the destination's lock, or joins the queue of the destination. A copy that waits acquires the lock only if no
 * earlier waiter has the offer. A copy that joins marks the lock, so no wake is lost: the copy that releases a marked
 * lock reads the queue, and a lock that is gone cannot be marked.
 */
export async function acquireOrJoin(
  deps: ActivityDependencies,
  input: StartInput,
  context: ActivityContext,
): Promise<LockAcquired | { held: false; holder: null }> {
  const { ledger, now } = deps;
  const { copy, instanceId } = input;
  const { destination } = copy;
  let lock = await ledger.acquireLock(instanceId, copy);
  if (copy.options.ifBusy === "fail") return lock;
  while (!lock.held) {
    // Another request under the same id holds the lock: this one must not leave anything in the queue.
    if (lock.holder === instanceId) return lock;
    if (await ledger.queue.join(destination, instanceId, lock.etag)) return lock;
    lock = await ledger.acquireLock(instanceId, copy);
  }
  if (!lock.isNew) return lock;
  const position = await ledger.queue.position(destination, instanceId, now());
  const { isFirst, isQueued, isAlone } = position;
  if (isFirst) {
    // The other waiters have marked only the previous holder's lock.
    if (!isAlone) await ledger.queue.mark(destination, lock.etag);
    if (isQueued) await ledger.queue.leave({ destination }, instanceId);
    return lock;
  }
  // Another run of this activity may hold the same lock: then its attempt, or this write, fails.
  if (!(await excludeAttempts(deps, input, lock.etag))) return lock;
  await ledger.queue.rejoin(destination, instanceId);
  await giveLockBack(deps, input, { context, lock: lock.etag });
  return { held: false, holder: null };
}

/** Releases the lock of a copy that has not ended and stays in the queue, if it is there. */
export async function giveLockBack(
  deps: ActivityDependencies,
  input: StartInput,
  { context, lock }: { context: ActivityContext; lock: string },
): Promise<void> {
  const { copy, instanceId } = input;
  await deps.ledger.releaseLock(copy.destination, instanceId, lock);
  await passOn(deps, input, context, { hasEnded: false });
}

/** Writes the record, so that no other run can register an attempt under this lock. False if one has already done so. */
async function excludeAttempts(
  { ledger }: ActivityDependencies,
  { instanceId, copy }: StartInput,
  lock: string,
): Promise<boolean> {
  const record = await ledger.records.read(instanceId);
  if (record !== null && record.attempt !== null) return false;
  const content = { ...(record ?? newRecord(copy)), releasedLock: lock };
  return (await ledger.records.write(instanceId, content, record?.etag ?? null)) !== null;
}

/**
 * Reads the destination's lock. Returns null unless the lock has the id of this copy, the request of its record and the
 * endpoints of the input. Without this lock, Ferry must not clean up the destination.
 */
export async function readOwnLock(
  { ledger }: ActivityDependencies,
  { instanceId, copy }: ActivityInput,
  record: CopyRecord,
): Promise<HeldLock | null> {
  const held = await ledger.readLock(copy.destination);
  if (held === null || held.instanceId !== instanceId) return null;
  if (record.lock !== held.name || isOfOther(record, held.copy)) return null;
  const { source, destination, rollsBack } = pickEndpoints(held.copy);
  const isSame =
    endpointUrl(source) === endpointUrl(copy.source) &&
    endpointUrl(destination) === endpointUrl(copy.destination) &&
    rollsBack === copy.rollsBack;
  return isSame ? held : null;
}

/**
 * Releases the lock, removes the copy from the queue, and passes the destination on if a copy waits for it. Does the
 * rest even if the lock was already released, because the process may have been killed in between. `lock`: its ETag,
 * null if it is not known.
 */
export async function freeDestination(
  deps: ActivityDependencies,
  input: ActivityInput,
  { context, lock }: { context: ActivityContext; lock: string | null },
): Promise<void> {
  const { ledger } = deps;
  const { copy, instanceId } = input;
  const released = await ledger.releaseLock(copy.destination, instanceId, lock);
  // A copy that held the lock has already left the queue.
  if (released.kind !== "released" && copy.mayWait === true) {
    await ledger.queue.leave(copy, instanceId);
  }
  if (released.kind === "free" || (released.kind === "released" && released.isAwaited)) {
    await passOn(deps, input, context, { hasEnded: true });
  }
}

/**
 * Wakes the next waiter. If that fails, its timer or the watchdog wakes it later, so the copy that frees the
 * destination does not wait.
 */
async function passOn(
  { ledger, now }: ActivityDependencies,
  { copy, instanceId }: ActivityInput,
  { wake, log }: ActivityContext,
  { hasEnded }: { hasEnded: boolean },
): Promise<void> {
  const { destination } = copy;
  const ended = hasEnded ? instanceId : null;
  try {
    await ledger.queue.passOn({ destination }, { now: now(), ended, wake });
  } catch {
    // The error may quote Durable's response.
    log(`Copy ${instanceId} cannot wake the next waiter now; the watchdog or a timer wakes it`);
  }
}
