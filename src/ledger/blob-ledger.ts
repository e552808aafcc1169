import { createHash } from "node:crypto";
import type { ContainerClient } from "@azure/storage-blob";
import { endpointUrl } from "../copy/endpoint.ts";
import type { Endpoint } from "../copy/endpoint.ts";
import type { Outcome } from "../copy/outcome.ts";
import { conditionalBlobs } from "./conditional-blobs.ts";
import { indexName } from "./instance-id.ts";
import type { Claim, Ledger, SlotStart } from "./ledger.ts";

/**
 * The ledger as small JSON blobs in one container:
 * `claims/<hash>` · `index/<inverted time>-<id>` · `slots/<hash of the destination>`.
 */
export function createBlobLedger(container: ContainerClient): Ledger {
  const blobs = conditionalBlobs(container);
  const outcome = async (instanceId: string): Promise<Outcome | null> =>
    (await blobs.read<IndexEntry>(indexName(instanceId)))?.content.outcome ?? null;

  return {
    async claim({ caller, key }, claim) {
      const name = `claims/${hash(caller, key)}`;
      if (await blobs.create(name, claim)) return claim;
      return (await blobs.read<Claim>(name))?.content ?? claim;
    },

    async open(copy) {
      const { instanceId, source, destination, createdAt } = copy;
      const ends = { source: endpointUrl(source), destination: endpointUrl(destination) };
      const entry = { ...ends, createdAt, outcome: null };
      await blobs.create(indexName(instanceId), entry, summary(entry));
    },
    async end(instanceId, ending) {
      const name = indexName(instanceId);
      const ended = await blobs.change<IndexEntry>(
        name,
        (entry) => (entry.outcome === null ? { ...entry, outcome: ending } : null),
        summary,
      );
      if (ended === null) await blobs.create(name, { outcome: ending });
      return ended?.outcome ?? ending;
    },
    outcome,

    async takeSlot(destination, instanceId) {
      const name = slotName(destination);
      for (;;) {
        const fresh: Slot = {
          destination: endpointUrl(destination),
          instanceId,
          closed: false,
          starts: [],
          copyId: null,
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
      const slot = await blobs.change<Slot>(slotName(destination), (current) =>
        mayEnter(current, start)
          ? { ...current, starts: [...current.starts, { run: start.run, until: start.until }] }
          : null,
      );
      if (slot === null || slot.instanceId !== start.instanceId) return { state: "refused" };
      if (slot.copyId !== null) return { state: "started", copyId: slot.copyId };
      return { state: isIn(slot, start) ? "entered" : "refused" };
    },
    async leaveSlot(destination, { instanceId, run }, copyId) {
      await blobs.change<Slot>(slotName(destination), (slot) =>
        slot.instanceId === instanceId
          ? {
              ...slot,
              copyId: slot.copyId ?? copyId,
              starts: slot.starts.filter((start) => start.run !== run),
            }
          : null,
      );
    },
    async closeSlot(destination, instanceId, now) {
      const slot = await blobs.change<Slot>(slotName(destination), (current) =>
        current.instanceId === instanceId && !current.closed ? { ...current, closed: true } : null,
      );
      if (slot?.instanceId !== instanceId) return { state: "not-ours" };
      const until = Math.max(0, ...slot.starts.map((start) => start.until));
      return until > now
        ? { state: "busy", until }
        : { state: "closed", unanswered: slot.starts.length > 0 };
    },
    async releaseSlot(destination, instanceId) {
      const name = slotName(destination);
      const slot = await blobs.read<Slot>(name);
      if (slot?.content.instanceId === instanceId) await blobs.remove(name, slot.etag);
    },
  };
}

/** The ends and `createdAt` are missing where only the end of a copy was ever noted. */
type IndexEntry = {
  source?: string;
  destination?: string;
  createdAt?: string;
  outcome: Outcome | null;
};

type Slot = {
  /** Whose name the blob's own name hides in a hash. */
  destination: string;
  instanceId: string;
  closed: boolean;
  starts: Omit<SlotStart, "instanceId">[];
  copyId: string | null;
};

function mayEnter(slot: Slot, start: SlotStart): boolean {
  const isOurs = slot.instanceId === start.instanceId;
  return isOurs && !slot.closed && slot.copyId === null && !isIn(slot, start);
}

function isIn(slot: Slot, start: SlotStart): boolean {
  return slot.instanceId === start.instanceId && slot.starts.some(({ run }) => run === start.run);
}

function slotName(destination: Endpoint): string {
  return `slots/${hash(endpointUrl(destination))}`;
}

/** Lengths keep ("a", "bc") and ("ab", "c") apart. */
function hash(...parts: string[]): string {
  const whole = parts.map((part) => `${part.length}:${part}`).join("");
  return createHash("sha256").update(whole).digest("hex");
}

/** What a list shows, as metadata, so that List Blobs brings it along. Metadata is ASCII, as URLs are. */
function summary({ source, destination, createdAt, outcome }: IndexEntry): Record<string, string> {
  return {
    status: outcome?.status ?? "running",
    ...(source === undefined ? {} : { source }),
    ...(destination === undefined ? {} : { destination }),
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(outcome === null ? {} : { completedAt: outcome.completedAt }),
  };
}
