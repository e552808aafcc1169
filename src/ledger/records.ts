import type { ConditionalBlobs } from "./conditional-blobs.ts";
import { readListedCopy } from "./columns.ts";
import { recordName, recordsFolder } from "./instance-id.ts";
import { emptyRecord, isDeleted, summary, withDeletion, withOutcome } from "./record.ts";
import type { CopyRecord } from "./record.ts";
import type { Records } from "./ledger.ts";
import { isRecord } from "./stored-shapes.ts";

/**
 * Stands for the ETag of a deleted copy's record. The ledger does not return the real one, so no write can replace the
 * record, regardless of its caller's reads. Only the purge removes it.
 */
const deletedEtag = "deleted";

/** Creates the records: `records/<inverted day>/<inverted time>-<id>`, so that List Blobs returns the newest first. */
export function createBlobRecords(blobs: ConditionalBlobs): Records {
  const read: Records["read"] = async (instanceId) => {
    const found = await blobs.read<Partial<CopyRecord>>(recordName(instanceId), isRecord);
    if (found === null) return null;
    const record = { ...emptyRecord, ...found.content };
    const etag = isDeleted(record) ? deletedEtag : found.etag;
    return { ...record, etag, changedAt: found.changedAt };
  };
  const write: Records["write"] = async (instanceId, record, etag) => {
    if (etag === deletedEtag) return null;
    const name = recordName(instanceId);
    const content = pickStored(record);
    return etag === null
      ? await blobs.create(name, content, summary(record))
      : await blobs.replace(name, content, etag, summary(record));
  };
  const change: Records["change"] = async (instanceId, known, update) => {
    for (let record = known === undefined ? await read(instanceId) : known; ;) {
      if (record !== null && isDeleted(record)) return record;
      const next = update(record ?? emptyRecord);
      if (record !== null && (next === null || next === record)) return record;
      const etag = await write(instanceId, next ?? emptyRecord, record?.etag ?? null);
      if (etag !== null) return { ...(next ?? emptyRecord), etag };
      record = await read(instanceId);
    }
  };
  return {
    read,
    write,
    change,
    async recordOutcome(instanceId, outcome, known) {
      const record = await change(instanceId, known, (current) => withOutcome(current, outcome));
      return record.outcome ?? outcome;
    },
    async list({ marker, limit, startFrom }) {
      const start = startFrom === null ? {} : { startFrom: `${recordsFolder}${startFrom}` };
      const page = await blobs.list(recordsFolder, { marker, limit, ...start });
      return { copies: page.blobs.map(readListedCopy), marker: page.marker };
    },
    async forget(instanceId, now) {
      await change(instanceId, undefined, (record) => withDeletion(record, now));
    },
  };
}

/** Drops the parts that are not known, and the fields that are not stored. */
function pickStored(record: CopyRecord): Partial<CopyRecord> {
  const names = Object.keys(emptyRecord);
  return Object.fromEntries(
    Object.entries(record).filter(
      ([name, value]) =>
        names.includes(name) && (value !== null || name === "outcome") && value !== false,
    ),
  );
}
