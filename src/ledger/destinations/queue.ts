import { toInstanceId } from "../../copy/contract/ids.ts";
import type { InstanceId } from "../../copy/contract/ids.ts";
import { second } from "../../copy/durations.ts";
import { endpointUrl } from "../../copy/location/endpoint.ts";
import type { Destination } from "../../copy/location/endpoint.ts";
import type { EpochMs } from "../../copy/time.ts";
import type { BlobPage, ConditionalBlobs } from "../conditional-blobs.ts";
import type { PassOn, Queue } from "../ledger.ts";
import { folderOf, lockName, lockOfFolder } from "./destination-names.ts";
import type { Place } from "./destination-names.ts";
import { isWaiter } from "../stored-shapes.ts";
import { isWakeMark, removeWakeMark } from "./wake-marks.ts";

/** The time in ms for which an offer lasts: until then, a woken waiter may acquire the lock before the others. */
const offerMs = 30 * second;
/** A waiter that was woken this often and did not respond is passed over until it polls again. */
const maxOffers = 2;
const pageSize = 20;

/**
 * Creates the queues, one for each destination: `destinations/<hash>/waiters/<copy id>`. The ids begin with the time of
 * the request, so List Blobs returns the waiters in that order. A waiter writes only its own blob and never the lock.
 */
export function createBlobQueue(blobs: ConditionalBlobs): Queue {
  const readWaiter = (name: string) => blobs.read<Waiter>(name, isWaiter);
  const changeWaiter = (name: string, update: (waiter: Waiter) => Waiter | null) =>
    blobs.change<Waiter>(name, update, isWaiter);

  /** Offers the destination to one waiter. Returns true if this waiter has the offer. */
  const offer = async (name: string, { now, wake }: PassOn): Promise<boolean> => {
    for (;;) {
      const found = await readWaiter(name);
      if (found === null) return false; // it has left the queue
      const { offers = 0 } = found.content;
      if (hasOffer(found.content, now)) return true;
      if (offers >= maxOffers) return false;
      // Recorded before the event is raised: a waiter that finds the destination busy again removes it.
      const offered: Waiter = { ...found.content, offers: offers + 1, offeredAt: now };
      if ((await blobs.replace(name, offered, found.etag)) === null) continue;
      switch (await wake(waiterOf(name))) {
        case "woken":
          return true;
        case "suspended": {
          const { offeredAt: _, ...rest } = offered;
          await changeWaiter(name, () => ({ ...rest, offers: maxOffers }));
          return false;
        }
        case "gone":
          await blobs.remove(name);
          return false;
      }
    }
  };

  /** Adds the waiter. If the destination was offered to it before, the offer is repeated. */
  const add = async (destination: Destination, name: string): Promise<Waiter | null> => {
    const content: Waiter = { destination: endpointUrl(destination) };
    if ((await blobs.create(name, content)) !== null) return content;
    return await changeWaiter(name, (waiter) => {
      const { offers, offeredAt: _, ...rest } = waiter;
      return offers === undefined ? null : rest;
    });
  };

  return {
    async join(destination, instanceId, lock) {
      const name = waiterName({ destination }, instanceId);
      const waiter = await add(destination, name);
      if (waiter?.marked === lock) return true;
      // Storage does not delete a blob with snapshots unless the request includes them, so the copy that releases the
      // lock finds the mark.
      if (!(await blobs.snapshot(lockName(destination), lock))) return false;
      await changeWaiter(name, (waiter) => ({ ...waiter, marked: lock }));
      return true;
    },
    async rejoin(destination, instanceId) {
      await add(destination, waiterName({ destination }, instanceId));
    },
    async mark(destination, lock) {
      await blobs.snapshot(lockName(destination), lock);
    },
    async leave(place, instanceId) {
      await blobs.remove(waiterName(place, instanceId));
    },
    async position(destination, instanceId, now) {
      const own = waiterName({ destination }, instanceId);
      const page = { marker: null, limit: pageSize };
      const listed = await blobs.list(waiters({ destination }), page);
      const names = listed.blobs.map(({ name }) => name);
      const isQueued = names.includes(own);
      const isAlone = names.every((name) => name === own);
      for (const name of names) {
        if (name >= own) break;
        const found = await readWaiter(name);
        if (found !== null && mayGetOffer(found.content, now))
          return { isFirst: false, isQueued, isAlone };
      }
      return { isFirst: true, isQueued, isAlone };
    },
    async passOn(place, order) {
      let marker: string | null = null;
      do {
        const page: BlobPage = await blobs.list(folderOf(place), { marker, limit: pageSize });
        for (const { name } of page.blobs) {
          if (isWakeMark(name)) await removeWakeMark(blobs, name, order.ended);
          else if (waiterOf(name) === order.ended) await blobs.remove(name);
          else if (await offer(name, order)) return;
        }
        ({ marker } = page);
      } while (marker !== null);
    },
    async page(from) {
      const { names, marker } = await blobs.listFolders("destinations/", from);
      return { names: names.map(lockOfFolder), marker };
    },
  };
}

/** Stored: fields may be added, but never changed or removed. */
type Waiter = {
  /** Its URL; the blob's name contains only its hash. */
  destination: string;
  /**
   * How often the destination was offered since the waiter found it busy, and the last time; absent before the first.
   */
  offers?: number;
  offeredAt?: EpochMs;
  /** The ETag of the lock that the waiter has marked. */
  marked?: string;
};

function hasOffer({ offeredAt }: Waiter, now: EpochMs): boolean {
  return offeredAt !== undefined && now - offeredAt < offerMs;
}

/** Returns true if the waiter has the offer, or gets the next one. */
function mayGetOffer(waiter: Waiter, now: EpochMs): boolean {
  return waiter.offers === undefined || hasOffer(waiter, now);
}

function waiters(place: Place): string {
  return `${folderOf(place)}waiters/`;
}

function waiterName(place: Place, instanceId: InstanceId): string {
  return `${waiters(place)}${instanceId}`;
}

function waiterOf(name: string): InstanceId {
  return toInstanceId(name.slice(name.lastIndexOf("/") + 1));
}
