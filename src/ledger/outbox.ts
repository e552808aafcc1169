import { isInstanceId } from "../copy/contract/ids.ts";
import type { CopyInput } from "../copy/contract/activities.ts";
import { parseCopyInput } from "../copy/contract/strict-input.ts";
import type { ConditionalBlobs } from "./conditional-blobs.ts";
import { DamagedBlobError } from "./ledger-error.ts";
import type { Outbox, OutboxEntry } from "./ledger.ts";

/** Creates the outbox, one blob for each copy: `outbox/<id>`. */
export function createBlobOutbox(blobs: ConditionalBlobs): Outbox {
  /** Null: the notification was delivered since the entry was listed. */
  const read = async (name: string): Promise<OutboxEntry | null> => {
    const unreadable = { kind: "unreadable", name } as const;
    const instanceId = name.slice(prefix.length);
    if (!isInstanceId(instanceId)) return unreadable;
    const entry = await blobs.read<Partial<StoredEntry> | null>(name).catch((error: unknown) => {
      if (error instanceof DamagedBlobError) return unreadable;
      throw error;
    });
    if (entry === null || "kind" in entry) return entry;
    const copy = parseCopyInput(entry.content?.copy);
    return copy === null
      ? unreadable
      : { kind: "waiting", instanceId, copy, since: entry.changedAt };
  };

  return {
    async add(instanceId, copy) {
      const entry: StoredEntry = { copy };
      await blobs.create(`${prefix}${instanceId}`, entry);
    },
    async remove(instanceId) {
      await blobs.remove(`${prefix}${instanceId}`);
    },
    has: async (instanceId) => (await blobs.read(`${prefix}${instanceId}`)) !== null,
    async list(limit) {
      const page = await blobs.list(prefix, { marker: null, limit });
      const found = await Promise.all(page.blobs.map(({ name }) => read(name)));
      return found.filter((entry) => entry !== null);
    },
    async discard(name) {
      await blobs.remove(name);
    },
  };
}

const prefix = "outbox/";

/** A stored shape: fields may be added, but never changed or removed. */
type StoredEntry = { copy: CopyInput };
