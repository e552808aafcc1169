import type { ContainerClient } from "@azure/storage-blob";
import type { InstanceId } from "../copy/contract/ids.ts";
import { endpointUrl } from "../copy/location/endpoint.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import { createConditionalBlobs } from "./conditional-blobs.ts";
import { dayOfId, recordName } from "./instance-id.ts";
import { hash } from "./hash.ts";
import type { Claim, CopyRecord, Ledger } from "./ledger.ts";
import { createBlobRetention, retentionEntryName } from "./retention.ts";
import { lockName } from "./destination-names.ts";
import { createBlobLocks } from "./locks.ts";
import { createBlobOutbox } from "./outbox.ts";
import { createBlobQueue } from "./queue.ts";

/**
 * Creates the ledger over small JSON blobs in one container:
 * `claims/<hash>` · `outbox/<id>` · `records/<inverted time>-<id>` · `locks/<hash of the destination>` ·
 * `destinations/<the same hash>/waiters/<id>` and `…/last-wake` · `retention/<copies or claims>/<day>/<id or hash>`.
 */
export function createBlobLedger(container: ContainerClient): Ledger {
  const blobs = createConditionalBlobs(container);
  const readRecord = async (instanceId: InstanceId): Promise<CopyRecord | null> => {
    const found = await blobs.read<StoredRecord>(recordName(instanceId));
    if (found === null) return null;
    const { outcome, abortRequested = false, lock = null, leasesSource, source } = found.content;
    const leasedSource = leasesSource === true ? (source ?? null) : null;
    return { outcome, abortRequested, lock, leasedSource };
  };
  const readOutcome = async (instanceId: InstanceId): Promise<Outcome | null> =>
    (await readRecord(instanceId))?.outcome ?? null;
  const createRetentionEntry = (instanceId: InstanceId) =>
    blobs.create(
      retentionEntryName({ kind: "copies", day: dayOfId(instanceId), key: instanceId }),
      {},
    );

  return {
    async claim({ caller, key }, claim) {
      const name = hash(caller, key);
      const isNew = await blobs.create(`claims/${name}`, claim);
      const found = isNew ? claim : (await blobs.read<Claim>(`claims/${name}`))?.content;
      if (found === undefined || found.instanceId === claim.instanceId) {
        await blobs.create(
          retentionEntryName({ kind: "claims", day: dayOfId(claim.instanceId), key: name }),
          {},
        );
      }
      return found ?? claim;
    },

    async addRecord(copy) {
      const { instanceId, source, destination, createdAt, leasesSource } = copy;
      const urls = { source: endpointUrl(source), destination: endpointUrl(destination) };
      const record = {
        ...urls,
        createdAt,
        lock: lockName(destination),
        outcome: null,
        ...(leasesSource === true ? { leasesSource } : {}),
      };
      // The retention entry comes first, so that every record can be purged.
      await createRetentionEntry(instanceId);
      await blobs.create(recordName(instanceId), record, summary(record));
    },
    async requestAbort(instanceId) {
      const name = recordName(instanceId);
      for (;;) {
        const written = await blobs.change<StoredRecord>(
          name,
          (record) =>
            record.outcome === null && record.abortRequested !== true
              ? { ...record, abortRequested: true }
              : null,
          summary,
        );
        if (written !== null) return written.outcome;
        // An operator started the instance without this app's triggers.
        await createRetentionEntry(instanceId);
        await blobs.create(name, { outcome: null });
      }
    },
    async recordOutcome(instanceId, outcome) {
      const name = recordName(instanceId);
      const written = await blobs.change<StoredRecord>(
        name,
        (record) =>
          record.outcome === null ? { ...record, outcome: merge(record, outcome) } : null,
        summary,
      );
      if (written === null) await blobs.create(name, { outcome });
      return written?.outcome ?? outcome;
    },
    readRecord,
    outcome: readOutcome,

    async hasOpenRecord(instanceId) {
      const record = await readRecord(instanceId);
      return record !== null && record.outcome === null;
    },
    ...createBlobLocks(blobs, readOutcome),
    queue: createBlobQueue(blobs),
    outbox: createBlobOutbox(blobs),
    retention: createBlobRetention(blobs),
  };
}

/**
 * A stored shape: fields may be added, but never changed or removed. The URLs, `createdAt` and `lock` are missing if
 * only the outcome or the abort of the copy was recorded.
 */
type StoredRecord = {
  source?: string;
  destination?: string;
  createdAt?: string;
  /** The name of the lock of its destination. */
  lock?: string;
  /** Ferry leases the source until the copy is settled. */
  leasesSource?: true;
  outcome: Outcome | null;
  abortRequested?: boolean;
};

/** A requested abort stays true, even if the orchestration never received it. */
function merge({ abortRequested = false }: StoredRecord, outcome: Outcome): Outcome {
  return { ...outcome, abortRequested: outcome.abortRequested || abortRequested };
}

/** In characters. All metadata of a blob has at most 8 KiB, and the URL of a long name alone may have more. */
const maxColumnLength = 2_048;

/**
 * The columns of a list, as metadata that List Blobs returns. Metadata must be ASCII, and URLs are. A longer URL is
 * truncated; the record itself has the whole URL.
 */
function summary({
  source,
  destination,
  createdAt,
  outcome,
}: StoredRecord): Record<string, string> {
  return {
    status: outcome?.status ?? "running",
    ...(source === undefined ? {} : { source: toColumn(source) }),
    ...(destination === undefined ? {} : { destination: toColumn(destination) }),
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(outcome === null ? {} : { completedAt: outcome.completedAt }),
  };
}

function toColumn(url: string): string {
  return url.length <= maxColumnLength ? url : `${url.slice(0, maxColumnLength)}...`;
}
