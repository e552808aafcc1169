import { endpointUrl, identityOf } from "../copy/location/endpoint.ts";
import type { CopyOptions } from "../copy/request/copy-options.ts";
import type { Destination } from "../copy/location/endpoint.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import { upgradeCopyInput } from "../copy/contract/activities.ts";
import type { Settlement, CopyInput, CopyPlan } from "../copy/contract/activities.ts";
import type { ConditionalBlobs, Found } from "./conditional-blobs.ts";
import { hash } from "./hash.ts";
import type { HeldLock, Ledger, StartAttempt } from "./ledger.ts";

type Locks = Pick<
  Ledger,
  | "acquireLock"
  | "registerAttempt"
  | "resolveAttempt"
  | "fenceLock"
  | "lockUse"
  | "releaseLock"
  | "readLock"
  | "instanceToWake"
  | "lockScan"
>;

/** Who may write a destination: one blob for each, `locks/<hash of the destination>`. */
export function blobLocks(
  blobs: ConditionalBlobs,
  outcome: (instanceId: string) => Promise<Outcome | null>,
): Locks {
  const readSlot = async (name: string): Promise<HeldLock | null> => {
    const found = await blobs.read<Lock>(name);
    return found === null ? null : heldLock(name, found);
  };

  return {
    async acquireLock(instanceId, copy) {
      const name = lockName(copy.destination);
      for (;;) {
        const fresh: Lock = {
          destination: endpointUrl(copy.destination),
          instanceId,
          fenced: false,
          attempts: [],
          copyId: null,
          copy,
        };
        if (await blobs.create(name, fresh)) return { held: true };
        const lock = await blobs.read<Lock>(name);
        if (lock === null) continue; // released since
        const holder = lock.content.instanceId;
        if (holder === instanceId) return { held: true };
        // A copy that has ended but died before it freed its lock does not hold it.
        if ((await outcome(holder)) === null) return { held: false, holder };
        if (await blobs.replace(name, fresh, lock.etag)) return { held: true };
      }
    },
    async registerAttempt(destination, start) {
      const { attemptId, until, plan } = start;
      const lock = await blobs.change<Lock>(lockName(destination), (current) =>
        mayRegister(current, start)
          ? { ...current, plan, attempts: [...current.attempts, { attemptId, until }] }
          : null,
      );
      if (lock === null || lock.instanceId !== start.instanceId) return { kind: "refused" };
      if (lock.copyId !== null) return { kind: "started", copyId: lock.copyId };
      if (lock.fenced) return { kind: "refused" };
      if (!isRegistered(lock, start)) return { kind: "in-flight" };
      return { kind: "registered", unanswered: lock.attempts.length > 1 };
    },
    async resolveAttempt(destination, { instanceId, attemptId }, copyId) {
      await blobs.change<Lock>(lockName(destination), (lock) =>
        lock.instanceId === instanceId
          ? {
              ...lock,
              copyId: lock.copyId ?? copyId,
              // Only one start can have begun our copy: with its copyId none is open any more.
              attempts:
                copyId === null
                  ? lock.attempts.filter((start) => start.attemptId !== attemptId)
                  : [],
            }
          : null,
      );
    },
    async fenceLock(destination, { instanceId, now, settlement }) {
      const lock = await blobs.change<Lock>(lockName(destination), (current) =>
        current.instanceId === instanceId ? { ...current, fenced: true, settlement } : null,
      );
      if (lock?.instanceId !== instanceId) return { kind: "not-ours" };
      return busyUntil(lock) > now
        ? { kind: "busy", until: busyUntil(lock) }
        : {
            kind: "closed",
            unanswered: lock.attempts.length > 0,
            copyId: lock.copyId,
            rollback: rollbackOption(lock),
          };
    },
    async lockUse(destination, instanceId) {
      const lock = (await blobs.read<Lock>(lockName(destination)))?.content;
      if (lock?.instanceId !== instanceId || lock.fenced) return "closed";
      return lock.attempts.length === 0 && lock.copyId === null ? "unused" : "used";
    },
    async releaseLock(destination, instanceId) {
      const name = lockName(destination);
      const lock = await blobs.read<Lock>(name);
      if (lock?.content.instanceId === instanceId) await blobs.remove(name, lock.etag);
    },
    async instanceToWake(destination, etag) {
      let wakes = false;
      const lock = await blobs.change<Lock>(lockName(destination), (current) => {
        const { eventWakes = 0 } = current;
        wakes = !current.fenced && current.wokenEtag !== etag && eventWakes < maxEventWakes;
        return wakes ? { ...current, wokenEtag: etag, eventWakes: eventWakes + 1 } : null;
      });
      return wakes && lock !== null ? lock.instanceId : null;
    },
    readLock: (destination) => readSlot(lockName(destination)),
    lockScan: {
      page: (from) => blobs.list("locks/", from),
      read: readSlot,
      free: ({ name, etag }) => blobs.remove(name, etag),
      async recordWake({ name, etag }, at) {
        const found = await blobs.read<Lock>(name);
        if (found?.etag !== etag) return false;
        return await blobs.replace(name, { ...found.content, wokenAt: at }, etag);
      },
      async position() {
        return (await blobs.read<Position>(positionName))?.content.marker ?? null;
      },
      async moveTo(marker) {
        const position: Position = { marker };
        if (await blobs.create(positionName, position)) return;
        await blobs.change<Position>(positionName, () => position);
      },
    },
  };
}

/** Slots are for ever, as histories are: this shape may grow, but never change. */
type Lock = {
  /** Whose name the blob's own name hides in a hash. */
  destination: string;
  instanceId: string;
  fenced: boolean;
  attempts: { attemptId: string; until: number }[];
  copyId: string | null;
  /** From here on absent in locks that an older release took. */
  copy?: CopyInput;
  plan?: CopyPlan;
  settlement?: Settlement;
  wokenAt?: number;
  /** By events. */
  wokenEtag?: string;
  eventWakes?: number;
};

/** Each costs three history events; as many are acted on ("orchestrations/waits.ts"). */
const maxEventWakes = 20;

type Position = { marker: string | null };

const positionName = "watchdog/position";

/** Slots that an older release took know of no options, or of fewer. */
function rollbackOption({ copy }: Lock): CopyOptions["rollback"] {
  return copy === undefined ? "off" : upgradeCopyInput(copy).options.rollback;
}

/**
 * While another start may still arrive none is let in: were the destination deleted between the two,
 * the condition of both would hold.
 */
function mayRegister(lock: Lock, start: StartAttempt): boolean {
  const isOurs = lock.instanceId === start.instanceId;
  const isFree = busyUntil(lock) <= start.now;
  return isOurs && isFree && !lock.fenced && lock.copyId === null && !isRegistered(lock, start);
}

function isRegistered(lock: Lock, start: StartAttempt): boolean {
  return (
    lock.instanceId === start.instanceId &&
    lock.attempts.some(({ attemptId }) => attemptId === start.attemptId)
  );
}

function busyUntil({ attempts }: Lock): number {
  return Math.max(0, ...attempts.map(({ until }) => until));
}

function lockName(destination: Destination): string {
  return `locks/${hash(identityOf(destination))}`;
}

function heldLock(name: string, { content, etag, changedAt }: Found<Lock>): HeldLock {
  const { instanceId, copyId, copy = null, plan = null, settlement = null } = content;
  return {
    name,
    etag,
    changedAt,
    wokenAt: content.wokenAt ?? null,
    busyUntil: busyUntil(content),
    instanceId,
    copy,
    plan,
    copyId,
    settlement,
  };
}
