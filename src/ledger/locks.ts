import type { CopyId, InstanceId } from "../copy/contract/ids.ts";
import { epochMs, latest } from "../copy/time.ts";
import type { EpochMs } from "../copy/time.ts";
import { endpointUrl, lockIdentityOf } from "../copy/location/endpoint.ts";
import type { CopyOptions } from "../copy/request/copy-options.ts";
import type { Destination } from "../copy/location/endpoint.ts";
import { toIso } from "../copy/time.ts";
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

/** Creates the locks, one blob for each destination: `locks/<hash of the destination>`. */
export function createBlobLocks(
  blobs: ConditionalBlobs,
  readOutcome: (instanceId: InstanceId) => Promise<Outcome | null>,
): Locks {
  const readLock = async (name: string): Promise<HeldLock | null> => {
    const found = await blobs.read<Lock>(name);
    return found === null ? null : toHeldLock(name, found);
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
        if (lock === null) continue; // released by now
        const holder = lock.content.instanceId;
        if (holder === instanceId) return { held: true };
        // A copy that crashed after its outcome was recorded no longer holds its lock.
        if ((await readOutcome(holder)) === null) return { held: false, holder };
        if (await blobs.replace(name, fresh, lock.etag)) return { held: true };
      }
    },
    async registerAttempt(destination, attempt) {
      const { attemptId, until, plan } = attempt;
      const lock = await blobs.change<Lock>(lockName(destination), (current) =>
        mayRegister(current, attempt)
          ? { ...current, plan, attempts: [...current.attempts, { attemptId, until }] }
          : null,
      );
      if (lock === null || lock.instanceId !== attempt.instanceId) return { kind: "refused" };
      if (lock.copyId !== null) return { kind: "started", copyId: lock.copyId };
      if (lock.fenced) return { kind: "refused" };
      if (!isRegistered(lock, attempt)) return { kind: "in-flight" };
      return { kind: "registered", unanswered: lock.attempts.length > 1 };
    },
    async resolveAttempt(destination, { instanceId, attemptId }, { copyId, now }) {
      await blobs.change<Lock>(lockName(destination), (lock) =>
        lock.instanceId === instanceId
          ? {
              ...lock,
              copyId: lock.copyId ?? copyId,
              ...(lock.copyId === null && copyId !== null ? { startedAt: toIso(now) } : {}),
              // Only one attempt can have started our copy: its copyId resolves all others.
              attempts:
                copyId === null
                  ? lock.attempts.filter((attempt) => attempt.attemptId !== attemptId)
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
      let isDue = false;
      const lock = await blobs.change<Lock>(lockName(destination), (current) => {
        const { eventWakes = 0 } = current;
        isDue = !current.fenced && current.wokenEtag !== etag && eventWakes < maxEventWakes;
        return isDue ? { ...current, wokenEtag: etag, eventWakes: eventWakes + 1 } : null;
      });
      return isDue && lock !== null ? lock.instanceId : null;
    },
    readLock: (destination) => readLock(lockName(destination)),
    lockScan: {
      page: (from) => blobs.list("locks/", from),
      read: readLock,
      release: ({ name, etag }) => blobs.remove(name, etag),
      async recordWake({ name, etag }, at) {
        const found = await blobs.read<Lock>(name);
        if (found?.etag !== etag) return false;
        return await blobs.replace(name, { ...found.content, wokenAt: at }, etag);
      },
      async readPosition() {
        return (await blobs.read<Position>(positionName))?.content.marker ?? null;
      },
      async writePosition(marker) {
        const position: Position = { marker };
        if (await blobs.create(positionName, position)) return;
        await blobs.change<Position>(positionName, () => position);
      },
    },
  };
}

/** A stored shape: fields may be added, but never changed or removed. */
type Lock = {
  /** The destination's URL; the blob's name contains only its hash. */
  destination: string;
  instanceId: InstanceId;
  fenced: boolean;
  attempts: { attemptId: string; until: EpochMs }[];
  copyId: CopyId | null;
  /** This and the following fields are absent in locks that an older release acquired. */
  copy?: CopyInput;
  plan?: CopyPlan;
  settlement?: Settlement;
  wokenAt?: EpochMs;
  /** The last ETag for which an event woke the copy, and how many events did. */
  wokenEtag?: string;
  eventWakes?: number;
  /** When Storage answered the start that has the copyId (ISO 8601). */
  startedAt?: string;
};

/** Each wake adds three history events; the orchestration acts on as many ("orchestrations/waits.ts"). */
const maxEventWakes = 20;

type Position = { marker: string | null };

const positionName = "watchdog/position";

/** Locks that an older release acquired have no options, or fewer. */
function rollbackOption({ copy }: Lock): CopyOptions["rollback"] {
  return copy === undefined ? "off" : upgradeCopyInput(copy).options.rollback;
}

/**
 * No attempt is registered while another may still arrive: if the destination was deleted between the two, the
 * conditions of both would hold.
 */
function mayRegister(lock: Lock, attempt: StartAttempt): boolean {
  const isOurs = lock.instanceId === attempt.instanceId;
  const isFree = busyUntil(lock) <= attempt.now;
  return isOurs && isFree && !lock.fenced && lock.copyId === null && !isRegistered(lock, attempt);
}

function isRegistered(lock: Lock, attempt: StartAttempt): boolean {
  return (
    lock.instanceId === attempt.instanceId &&
    lock.attempts.some(({ attemptId }) => attemptId === attempt.attemptId)
  );
}

function busyUntil({ attempts }: Lock): EpochMs {
  return latest(epochMs(0), ...attempts.map(({ until }) => until));
}

/** The name of the lock's blob. */
export function lockName(destination: Destination): string {
  return `locks/${hash(lockIdentityOf(destination))}`;
}

function toHeldLock(name: string, { content, etag, changedAt }: Found<Lock>): HeldLock {
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
    startedAt: content.startedAt ?? null,
    settlement,
  };
}
