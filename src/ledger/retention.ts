import type { ConditionalBlobs } from "./conditional-blobs.ts";
import { recordName } from "./instance-id.ts";
import type { RetentionKind, Claim, RetentionEntry, Retention } from "./ledger.ts";

/**
 * Marks are empty blobs whose names begin with a day, so that List Blobs gives the oldest first and
 * nothing young is ever looked at. The mark goes last: what was half forgotten is found again.
 */
export function blobRetention(blobs: ConditionalBlobs): Retention {
  return {
    async listDue(kind, { day, most }) {
      const { names } = await blobs.list(prefixOf(kind), { marker: null, most });
      const marks = names.map((name) => parseRetentionEntry(kind, name));
      return marks.filter((mark) => mark.day < day);
    },
    async postpone(mark, day) {
      await blobs.create(retentionEntryName({ ...mark, day }), {});
      await blobs.remove(retentionEntryName(mark));
    },
    async forget(mark) {
      await blobs.remove(mark.kind === "copies" ? recordName(mark.key) : `claims/${mark.key}`);
      await blobs.remove(retentionEntryName(mark));
    },
    async claimOf({ key }) {
      const found = await blobs.read<Claim>(`claims/${key}`);
      return found === null ? null : { ...found.content, madeAt: found.changedAt };
    },
  };
}

/** The name of a mark. */
export function retentionEntryName({ kind, day, key }: RetentionEntry): string {
  return `${prefixOf(kind)}${day}/${key}`;
}

function prefixOf(kind: RetentionKind): string {
  return `retention/${kind}/`;
}

function parseRetentionEntry(kind: RetentionKind, name: string): RetentionEntry {
  const [day = "", key = ""] = name.slice(prefixOf(kind).length).split("/");
  return { kind, day, key };
}
