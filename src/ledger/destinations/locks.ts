import type { InstanceId } from "../../copy/contract/ids.ts";
import { endpointUrl } from "../../copy/location/endpoint.ts";
import { upgradeCopyInput } from "../../copy/contract/activities.ts";
import type { CopyInput } from "../../copy/contract/activities.ts";
import type { ConditionalBlobs, Found } from "../conditional-blobs.ts";
import { folderOf, lockName } from "./destination-names.ts";
import type { HeldLock, Ledger, LockReleased, Records } from "../ledger.ts";
import { hashRequest } from "../record.ts";
import { createScanPosition } from "../scan-position.ts";
import { isLock } from "../stored-shapes.ts";
import { removeMark, spendEventWake, spendOverdueWake } from "./wake-marks.ts";

type Locks = Pick<
  Ledger,
  "acquireLock" | "releaseLock" | "readLock" | "instanceToWake" | "removeWakeMark" | "lockScan"
>;

/**
 * Creates the locks, one blob for each destination: `locks/<hash of the destination>`. A lock is written once, when it
 * is acquired. Everything that changes while the copy runs is in its record.
 */
export function createBlobLocks(blobs: ConditionalBlobs, records: Pick<Records, "read">): Locks {
  const position = createScanPosition(blobs, "watchdog/position");
  const read = (name: string) => blobs.read<Lock>(name, isLock);
  const readLock = async (name: string): Promise<HeldLock | null> => {
    const found = await read(name);
    return found === null ? null : toHeldLock(name, found);
  };

  /** Removes the lock, and any marks of waiters, if it still has this ETag. */
  const remove = async (name: string, etag: string): Promise<LockReleased | "changed"> => {
    const removed = await blobs.remove(name, { etag });
    switch (removed) {
      case "removed":
        return { kind: "released", isAwaited: false };
      case "missing":
        return { kind: "free" };
      case "changed":
        return "changed";
      case "has-snapshots": {
        const again = await blobs.remove(name, { etag, withSnapshots: true });
        if (again === "changed") return "changed";
        return again === "missing" ? { kind: "free" } : { kind: "released", isAwaited: true };
      }
    }
  };

  return {
    async acquireLock(instanceId, copy) {
      const name = lockName(copy.destination);
      const fresh: Lock = { destination: endpointUrl(copy.destination), instanceId, copy };
      for (;;) {
        const created = await blobs.create(name, fresh);
        if (created !== null) return { held: true, isNew: true, etag: created };
        const lock = await read(name);
        if (lock === null) continue; // released by now
        const { etag } = lock;
        const holder = lock.content.instanceId;
        if (holder === instanceId) {
          // A client with the task hub's key can run a start with a different input under the same id.
          const isSame = hashRequest(upgradeCopyInput(lock.content.copy)) === hashRequest(copy);
          return isSame ? { held: true, isNew: false, etag } : { held: false, holder, etag };
        }
        // A copy that crashed after its outcome was recorded no longer holds its lock.
        const record = await records.read(holder);
        if (record === null || record.outcome === null) return { held: false, holder, etag };
        const replaced = await blobs.replace(name, fresh, etag);
        if (replaced !== null) return { held: true, isNew: true, etag: replaced };
      }
    },
    async releaseLock(destination, instanceId, etag) {
      const name = lockName(destination);
      for (let known = etag; ; known = null) {
        if (known === null) {
          const lock = await read(name);
          if (lock === null) return { kind: "free" };
          if (lock.content.instanceId !== instanceId) return { kind: "taken" };
          known = lock.etag;
        }
        const removed = await remove(name, known);
        if (removed !== "changed") return removed;
      }
    },
    readLock: (destination) => readLock(lockName(destination)),
    async instanceToWake(destination, etag, now) {
      const lock = (await read(lockName(destination)))?.content;
      if (lock === undefined) return null;
      const { instanceId } = lock;
      const folder = folderOf({ destination });
      return (await spendEventWake(blobs, folder, { instanceId, etag, now })) ? instanceId : null;
    },
    removeWakeMark: (destination) => removeMark(blobs, folderOf({ destination })),
    lockScan: {
      async page(from) {
        const { blobs: locks, marker } = await blobs.list("locks/", from);
        return { names: locks.map(({ name }) => name), marker };
      },
      read: readLock,
      async release({ name, etag }) {
        const removed = await remove(name, etag);
        return removed === "changed" ? { kind: "taken" } : removed;
      },
      recordWake: ({ name, instanceId }, order) =>
        spendOverdueWake(blobs, folderOf({ lock: name }), { instanceId, ...order }),
      readPosition: position.read,
      writePosition: position.write,
    },
  };
}

/** A stored shape: fields may be added, but never changed or removed. */
type Lock = {
  /** The destination's URL; the blob's name contains only its hash. */
  destination: string;
  instanceId: InstanceId;
  copy: CopyInput;
};

function toHeldLock(name: string, { content, etag, changedAt }: Found<Lock>): HeldLock {
  const { instanceId, copy } = content;
  return { name, etag, changedAt, instanceId, copy: upgradeCopyInput(copy) };
}
