import { toInstanceId } from "../copy/contract/ids.ts";
import type { InstanceId } from "../copy/contract/ids.ts";
import { second } from "../copy/durations.ts";
import { endpointUrl } from "../copy/location/endpoint.ts";
import type { EpochMs } from "../copy/time.ts";
import type { ConditionalBlobs, NamePage } from "./conditional-blobs.ts";
import type { PassOn, Place, Queue } from "./ledger.ts";
import { folderOf, lockOfFolder } from "./destination-names.ts";
import { isWakeMark, removeWakeMark } from "./wake-marks.ts";

/** How long an offer lasts (ms): for this time a woken waiter may acquire the lock before the others. */
const offerMs = 30 * second;
/** A waiter that was woken this often and did not respond is passed over until it polls again. */
const maxOffers = 2;
const pageSize = 20;

/**
 * Creates the queues, one for each destination: `destinations/<hash>/waiters/<copy id>`. The ids begin with the time of
 * their request, so List Blobs returns the waiters in that order. A waiter writes only its own blob and never the lock.
 */
export function createBlobQueue(blobs: ConditionalBlobs): Queue {
  const readWaiter = (name: string) => blobs.read<Waiter>(name);

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
      if (!(await blobs.replace(name, offered, found.etag))) continue;
      switch (await wake(waiterOf(name))) {
        case "woken":
          return true;
        case "suspended": {
          const { offeredAt: _, ...rest } = offered;
          await blobs.change<Waiter>(name, () => ({ ...rest, offers: maxOffers }));
          return false;
        }
        case "gone":
          await blobs.remove(name);
          return false;
      }
    }
  };

  return {
    async join(destination, instanceId) {
      const name = waiterName({ destination }, instanceId);
      const content: Waiter = { destination: endpointUrl(destination) };
      if (await blobs.create(name, content)) return { isNew: true };
      await blobs.change<Waiter>(name, ({ offers }) => (offers === undefined ? null : content));
      return { isNew: false };
    },
    async leave(destination, instanceId) {
      await blobs.remove(waiterName({ destination }, instanceId));
    },
    async position(destination, instanceId, now) {
      const own = waiterName({ destination }, instanceId);
      const page = { marker: null, limit: pageSize };
      const { names } = await blobs.list(waiters({ destination }), page);
      const isQueued = names.includes(own);
      for (const name of names) {
        if (name >= own) break;
        const found = await readWaiter(name);
        if (found !== null && mayGetOffer(found.content, now)) return { isFirst: false, isQueued };
      }
      return { isFirst: true, isQueued };
    },
    async passOn(place, order) {
      let marker: string | null = null;
      do {
        const page: NamePage = await blobs.list(folderOf(place), { marker, limit: pageSize });
        for (const name of page.names) {
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
  /** How often the destination was offered since the waiter found it busy, and when last; absent before the first. */
  offers?: number;
  offeredAt?: EpochMs;
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
