import { createHash } from "node:crypto";
import type { ContainerClient } from "@azure/storage-blob";
import { endpointUrl } from "../copy/endpoint.ts";
import type { Endpoint } from "../copy/endpoint.ts";
import type { Outcome } from "../copy/outcome.ts";
import { conditionalBlobs } from "./conditional-blobs.ts";
import { indexName } from "./instance-id.ts";
import type { Claim, Ledger, NewCopy, SlotStart } from "./ledger.ts";

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
      await blobs.create(indexName(copy.instanceId), { outcome: null }, summary(copy));
    },
    async forget(instanceId) {
      await blobs.remove(indexName(instanceId));
    },
    async end(instanceId, outcome) {
      const name = indexName(instanceId);
      const ended = await blobs.change<IndexEntry>(name, (entry) =>
        entry.outcome === null ? { outcome } : null,
      );
      return ended?.outcome ?? outcome;
    },
    outcome,

    async takeSlot(destination, instanceId) {
      const name = slotName(destination);
      for (;;) {
        const fresh: Slot = { instanceId, closed: false, starts: [] };
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
      const entered = await blobs.change<Slot>(slotName(destination), (slot) =>
        slot.instanceId === start.instanceId && !slot.closed && !isIn(slot, start)
          ? { ...slot, starts: [...slot.starts, { run: start.run, until: start.until }] }
          : null,
      );
      return entered !== null && isIn(entered, start);
    },
    async leaveSlot(destination, { instanceId, run }) {
      await blobs.change<Slot>(slotName(destination), (slot) =>
        slot.instanceId === instanceId
          ? { ...slot, starts: slot.starts.filter((start) => start.run !== run) }
          : null,
      );
    },
    async closeSlot(destination, instanceId, now) {
      const slot = await blobs.change<Slot>(slotName(destination), (current) =>
        current.instanceId === instanceId && !current.closed ? { ...current, closed: true } : null,
      );
      if (slot?.instanceId !== instanceId) return null;
      const until = Math.max(0, ...slot.starts.map((start) => start.until));
      return until > now ? until : null;
    },
    async releaseSlot(destination, instanceId) {
      const name = slotName(destination);
      const slot = await blobs.read<Slot>(name);
      if (slot?.content.instanceId === instanceId) await blobs.remove(name, slot.etag);
    },
  };
}

type IndexEntry = { outcome: Outcome | null };

type Slot = { instanceId: string; closed: boolean; starts: Omit<SlotStart, "instanceId">[] };

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

/** Metadata travels in HTTP headers: ASCII only. */
function summary({ source, destination }: NewCopy): Record<string, string> {
  return { source: endpointUrl(source), destination: endpointUrl(destination) };
}
