import type { ActivityContext, ActivityInput, CopyInput } from "../../copy/contract/activities.ts";
import type { LockAcquired } from "../../ledger/ledger.ts";
import type { ActivityDependencies } from "./dependencies.ts";

/**
 * Acquires the destination's lock, or joins the queue of the destination. A copy that waits acquires the lock only if no
 * earlier waiter has the offer. Joining before the last attempt to acquire loses no wake: the copy that releases the lock
 * reads the queue afterwards.
 */
export async function acquireOrJoin(
  deps: ActivityDependencies,
  input: ActivityInput<CopyInput>,
  context: ActivityContext,
): Promise<LockAcquired | { held: false; holder: null }> {
  const { ledger, now } = deps;
  const { copy, instanceId } = input;
  const { destination } = copy;
  let lock = await ledger.acquireLock(instanceId, copy);
  if (copy.options.ifBusy === "fail") return lock;
  if (!lock.held) {
    const { isNew } = await ledger.queue.join(destination, instanceId);
    if (!isNew) return lock;
    lock = await ledger.acquireLock(instanceId, copy);
    if (!lock.held) return lock;
  }
  if (!lock.isNew) return lock;
  const { isFirst, isQueued } = await ledger.queue.position(destination, instanceId, now());
  if (isFirst) {
    if (isQueued) await ledger.queue.leave(destination, instanceId);
    return lock;
  }
  await ledger.queue.join(destination, instanceId);
  await ledger.releaseLock(destination, instanceId, { onlyUnused: true });
  await passOn(deps, input, context, { hasEnded: false });
  return { held: false, holder: null };
}

/**
 * Releases the lock of a copy that has ended, removes the copy from the queue, and passes the destination on. Also when
 * the lock was released before: the process may have been killed in between.
 */
export async function freeDestination(
  deps: ActivityDependencies,
  input: ActivityInput,
  context: ActivityContext,
): Promise<void> {
  const { ledger } = deps;
  const { copy, instanceId } = input;
  const released = await ledger.releaseLock(copy.destination, instanceId);
  // A copy that held the lock has already left the queue.
  if (released !== "released" && copy.mayWait === true) {
    await ledger.queue.leave(copy.destination, instanceId);
  }
  if (released !== "taken") await passOn(deps, input, context, { hasEnded: true });
}

/** Releases the lock of a copy that cannot start yet and has not used it, and passes the destination on. */
export async function giveWay(
  deps: ActivityDependencies,
  input: ActivityInput,
  context: ActivityContext,
): Promise<void> {
  const { destination } = input.copy;
  const order = { onlyUnused: true };
  const released = await deps.ledger.releaseLock(destination, input.instanceId, order);
  if (released === "released") await passOn(deps, input, context, { hasEnded: true });
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
