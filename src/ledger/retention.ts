import type { ConditionalBlobs } from "./conditional-blobs.ts";
import { indexName } from "./instance-id.ts";
import type { Aging, Claim, Mark, Retention } from "./ledger.ts";

/**
 * Marks are empty blobs whose names begin with a day, so that List Blobs gives the oldest first and
 * nothing young is ever looked at. The mark goes last: what was half forgotten is found again.
 */
export function blobRetention(blobs: ConditionalBlobs): Retention {
  return {
    async aged(kind, { day, most }) {
      const { names } = await blobs.list(prefixOf(kind), { marker: null, most });
      const marks = names.map((name) => readMark(kind, name));
      return marks.filter((mark) => mark.day < day);
    },
    async keep(mark, day) {
      await blobs.create(markOf({ ...mark, day }), {});
      await blobs.remove(markOf(mark));
    },
    async forget(mark) {
      await blobs.remove(mark.kind === "copies" ? indexName(mark.key) : `claims/${mark.key}`);
      await blobs.remove(markOf(mark));
    },
    async claimOf({ key }) {
      const found = await blobs.read<Claim>(`claims/${key}`);
      return found === null ? null : { ...found.content, madeAt: found.changedAt };
    },
  };
}

/** The name of a mark. */
export function markOf({ kind, day, key }: Mark): string {
  return `${prefixOf(kind)}${day}/${key}`;
}

function prefixOf(kind: Aging): string {
  return `ages/${kind}/`;
}

function readMark(kind: Aging, name: string): Mark {
  const [day = "", key = ""] = name.slice(prefixOf(kind).length).split("/");
  return { kind, day, key };
}
