import type { ContainerClient } from "@azure/storage-blob";
import { toInstanceId } from "../copy/contract/ids.ts";
import type { InstanceId } from "../copy/contract/ids.ts";
import { endpointUrl } from "../copy/location/endpoint.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import { upgradeCopyInput } from "../copy/contract/activities.ts";
import type { CopyInput } from "../copy/contract/activities.ts";
import { createConditionalBlobs } from "./conditional-blobs.ts";
import { dayOfId, recordName } from "./instance-id.ts";
import { hash } from "./hash.ts";
import type { Claim, Ledger } from "./ledger.ts";
import { createBlobRetention, retentionEntryName } from "./retention.ts";
import { createBlobLocks } from "./locks.ts";

/**
 * Creates the ledger over small JSON blobs in one container:
 * `claims/<hash>` · `outbox/<id>` · `records/<inverted time>-<id>` · `locks/<hash of the destination>` ·
 * `retention/<copies or claims>/<day>/<id or hash>`.
 */
export function createBlobLedger(container: ContainerClient): Ledger {
  const blobs = createConditionalBlobs(container);
  const readOutcome = async (instanceId: InstanceId): Promise<Outcome | null> =>
    (await blobs.read<CopyRecord>(recordName(instanceId)))?.content.outcome ?? null;

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
      const { instanceId, source, destination, createdAt } = copy;
      const urls = { source: endpointUrl(source), destination: endpointUrl(destination) };
      const record = { ...urls, createdAt, outcome: null };
      // The retention entry comes first, so that every record can be purged.
      await blobs.create(
        retentionEntryName({ kind: "copies", day: dayOfId(instanceId), key: instanceId }),
        {},
      );
      await blobs.create(recordName(instanceId), record, summary(record));
    },
    async recordOutcome(instanceId, outcome) {
      const name = recordName(instanceId);
      const written = await blobs.change<CopyRecord>(
        name,
        (record) => (record.outcome === null ? { ...record, outcome } : null),
        summary,
      );
      if (written === null) await blobs.create(name, { outcome });
      return written?.outcome ?? outcome;
    },
    outcome: readOutcome,

    async hasOpenRecord(instanceId) {
      const record = await blobs.read<CopyRecord>(recordName(instanceId));
      return record !== null && record.content.outcome === null;
    },
    ...createBlobLocks(blobs, readOutcome),
    outbox: {
      async add(instanceId, copy) {
        await blobs.create(`outbox/${instanceId}`, { copy });
      },
      remove: (instanceId) => blobs.remove(`outbox/${instanceId}`),
      async list(limit) {
        const { names } = await blobs.list("outbox/", { marker: null, limit });
        const found = await Promise.all(
          names.map(async (name) => ({ name, entry: await blobs.read<OutboxEntry>(name) })),
        );
        return found.flatMap(({ name, entry }) => {
          if (entry === null) return []; // delivered since it was listed
          const instanceId = toInstanceId(name.slice("outbox/".length));
          const copy = upgradeCopyInput(entry.content.copy);
          return [{ instanceId, copy, since: entry.changedAt }];
        });
      },
    },
    retention: createBlobRetention(blobs),
  };
}

type OutboxEntry = { copy: CopyInput };

/** The URLs and `createdAt` are missing if only the outcome of the copy was recorded. */
type CopyRecord = {
  source?: string;
  destination?: string;
  createdAt?: string;
  outcome: Outcome | null;
};

/** The columns of a list, as metadata that List Blobs returns. Metadata must be ASCII, and URLs are. */
function summary({ source, destination, createdAt, outcome }: CopyRecord): Record<string, string> {
  return {
    status: outcome?.status ?? "running",
    ...(source === undefined ? {} : { source }),
    ...(destination === undefined ? {} : { destination }),
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(outcome === null ? {} : { completedAt: outcome.completedAt }),
  };
}
