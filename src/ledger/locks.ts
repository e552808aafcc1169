import { endpointUrl, identityOf } from "../copy/location/endpoint.ts";
import type { CopyOptions } from "../copy/request/copy-options.ts";
import type { Destination } from "../copy/location/endpoint.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import { copyInputOf } from "../copy/contract/activities.ts";
import type { Closing, CopyInput, CopyPlan } from "../copy/contract/activities.ts";
import type { ConditionalBlobs, Found } from "./conditional-blobs.ts";
import { hash } from "./hash.ts";
import type { HeldSlot, Ledger, SlotStart } from "./ledger.ts";

type Slots = Pick<
  Ledger,
  | "takeSlot"
  | "enterSlot"
  | "leaveSlot"
  | "closeSlot"
  | "slotUse"
  | "releaseSlot"
  | "slotOf"
  | "wakeFor"
  | "walk"
>;

/** Who may write a destination: one blob for each, `slots/<hash of the destination>`. */
export function blobSlots(
  blobs: ConditionalBlobs,
  outcome: (instanceId: string) => Promise<Outcome | null>,
): Slots {
  const readSlot = async (name: string): Promise<HeldSlot | null> => {
    const found = await blobs.read<Slot>(name);
    return found === null ? null : heldSlot(name, found);
  };

  return {
    async takeSlot(instanceId, copy) {
      const name = slotName(copy.destination);
      for (;;) {
        const fresh: Slot = {
          destination: endpointUrl(copy.destination),
          instanceId,
          closed: false,
          starts: [],
          copyId: null,
          copy,
        };
        if (await blobs.create(name, fresh)) return { held: true };
        const slot = await blobs.read<Slot>(name);
        if (slot === null) continue; // released since
        const holder = slot.content.instanceId;
        if (holder === instanceId) return { held: true };
        // A copy that has ended but died before it freed its slot does not hold it.
        if ((await outcome(holder)) === null) return { held: false, holder };
        if (await blobs.replace(name, fresh, slot.etag)) return { held: true };
      }
    },
    async enterSlot(destination, start) {
      const { run, until, plan } = start;
      const slot = await blobs.change<Slot>(slotName(destination), (current) =>
        mayEnter(current, start)
          ? { ...current, plan, starts: [...current.starts, { run, until }] }
          : null,
      );
      if (slot === null || slot.instanceId !== start.instanceId) return { state: "refused" };
      if (slot.copyId !== null) return { state: "started", copyId: slot.copyId };
      if (slot.closed) return { state: "refused" };
      if (!isIn(slot, start)) return { state: "under-way" };
      return { state: "entered", unanswered: slot.starts.length > 1 };
    },
    async leaveSlot(destination, { instanceId, run }, copyId) {
      await blobs.change<Slot>(slotName(destination), (slot) =>
        slot.instanceId === instanceId
          ? {
              ...slot,
              copyId: slot.copyId ?? copyId,
              // Only one start can have begun our copy: with its copyId none is open any more.
              starts: copyId === null ? slot.starts.filter((start) => start.run !== run) : [],
            }
          : null,
      );
    },
    async closeSlot(destination, { instanceId, now, closing }) {
      const slot = await blobs.change<Slot>(slotName(destination), (current) =>
        current.instanceId === instanceId ? { ...current, closed: true, closing } : null,
      );
      if (slot?.instanceId !== instanceId) return { state: "not-ours" };
      return busyUntil(slot) > now
        ? { state: "busy", until: busyUntil(slot) }
        : {
            state: "closed",
            unanswered: slot.starts.length > 0,
            copyId: slot.copyId,
            rollback: rollbackOf(slot),
          };
    },
    async slotUse(destination, instanceId) {
      const slot = (await blobs.read<Slot>(slotName(destination)))?.content;
      if (slot?.instanceId !== instanceId || slot.closed) return "closed";
      return slot.starts.length === 0 && slot.copyId === null ? "unused" : "used";
    },
    async releaseSlot(destination, instanceId) {
      const name = slotName(destination);
      const slot = await blobs.read<Slot>(name);
      if (slot?.content.instanceId === instanceId) await blobs.remove(name, slot.etag);
    },
    async wakeFor(destination, etag) {
      let wakes = false;
      const slot = await blobs.change<Slot>(slotName(destination), (current) => {
        const { eventWakes = 0 } = current;
        wakes = !current.closed && current.wokenEtag !== etag && eventWakes < mostEventWakes;
        return wakes ? { ...current, wokenEtag: etag, eventWakes: eventWakes + 1 } : null;
      });
      return wakes && slot !== null ? slot.instanceId : null;
    },
    slotOf: (destination) => readSlot(slotName(destination)),
    walk: {
      page: (from) => blobs.list("slots/", from),
      read: readSlot,
      free: ({ name, etag }) => blobs.remove(name, etag),
      async noteWake({ name, etag }, at) {
        const found = await blobs.read<Slot>(name);
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
type Slot = {
  /** Whose name the blob's own name hides in a hash. */
  destination: string;
  instanceId: string;
  closed: boolean;
  starts: { run: string; until: number }[];
  copyId: string | null;
  /** From here on absent in slots that an older release took. */
  copy?: CopyInput;
  plan?: CopyPlan;
  closing?: Closing;
  wokenAt?: number;
  /** By events. */
  wokenEtag?: string;
  eventWakes?: number;
};

/** Each costs three history events; as many are acted on ("orchestrations/waits.ts"). */
const mostEventWakes = 20;

type Position = { marker: string | null };

const positionName = "watchdog/position";

/** Slots that an older release took know of no options, or of fewer. */
function rollbackOf({ copy }: Slot): CopyOptions["rollback"] {
  return copy === undefined ? "off" : copyInputOf(copy).options.rollback;
}

/**
 * While another start may still arrive none is let in: were the destination deleted between the two,
 * the condition of both would hold.
 */
function mayEnter(slot: Slot, start: SlotStart): boolean {
  const isOurs = slot.instanceId === start.instanceId;
  const isFree = busyUntil(slot) <= start.now;
  return isOurs && isFree && !slot.closed && slot.copyId === null && !isIn(slot, start);
}

function isIn(slot: Slot, start: SlotStart): boolean {
  return slot.instanceId === start.instanceId && slot.starts.some(({ run }) => run === start.run);
}

function busyUntil({ starts }: Slot): number {
  return Math.max(0, ...starts.map(({ until }) => until));
}

function slotName(destination: Destination): string {
  return `slots/${hash(identityOf(destination))}`;
}

function heldSlot(name: string, { content, etag, changedAt }: Found<Slot>): HeldSlot {
  const { instanceId, copyId, copy = null, plan = null, closing = null } = content;
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
    closing,
  };
}
