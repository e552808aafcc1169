import { toInstanceId } from "../copy/contract/ids.ts";
import type { ConditionalBlobs } from "./conditional-blobs.ts";
import { recordName } from "./instance-id.ts";
import type { RetentionKind, Claim, RetentionEntry, Retention } from "./ledger.ts";

/**
 * Creates the retention, which stores its entries as empty blobs. Their names begin with a day, so List Blobs returns
 * the oldest first and no entry that is not due is read. The entry is deleted last, so that an interrupted purge is
 * continued.
 */
export function createBlobRetention(blobs: ConditionalBlobs): Retention {
  return {
    async listDue(kind, { day, limit }) {
      const { names } = await blobs.list(prefix(kind), { marker: null, limit });
      const entries = names.map((name) => parseRetentionEntry(kind, name));
      return entries.filter((entry) => entry.day < day);
    },
    async postpone(entry, day) {
      await blobs.create(retentionEntryName({ ...entry, day }), {});
      await blobs.remove(retentionEntryName(entry));
    },
    async purge(entry) {
      await blobs.remove(
        entry.kind === "copies" ? recordName(toInstanceId(entry.key)) : `claims/${entry.key}`,
      );
      await blobs.remove(retentionEntryName(entry));
    },
    async readClaim({ key }) {
      const found = await blobs.read<Claim>(`claims/${key}`);
      return found === null ? null : { ...found.content, madeAt: found.changedAt };
    },
  };
}

/** The name of an entry's blob. */
export function retentionEntryName({ kind, day, key }: RetentionEntry): string {
  return `${prefix(kind)}${day}/${key}`;
}

function prefix(kind: RetentionKind): string {
  return `retention/${kind}/`;
}

function parseRetentionEntry(kind: RetentionKind, name: string): RetentionEntry {
  const [day = "", key = ""] = name.slice(prefix(kind).length).split("/");
  return { kind, day, key };
}
