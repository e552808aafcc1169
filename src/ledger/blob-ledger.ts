import type { ContainerClient } from "@azure/storage-blob";
import { endpointUrl } from "../copy/location/endpoint.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import { upgradeCopyInput } from "../copy/contract/activities.ts";
import type { CopyInput } from "../copy/contract/activities.ts";
import { conditionalBlobs } from "./conditional-blobs.ts";
import { dayOf, recordName } from "./instance-id.ts";
import { hash } from "./hash.ts";
import type { Claim, Ledger } from "./ledger.ts";
import { blobRetention, retentionEntryName } from "./retention.ts";
import { blobLocks } from "./locks.ts";

/**
 * The ledger as small JSON blobs in one container:
 * `claims/<hash>` · `outbox/<id>` · `records/<inverted time>-<id>` · `locks/<hash of the destination>` ·
 * `retention/<copies or claims>/<day>/<id or hash>`.
 */
export function createBlobLedger(container: ContainerClient): Ledger {
  const blobs = conditionalBlobs(container);
  const outcome = async (instanceId: string): Promise<Outcome | null> =>
    (await blobs.read<CopyRecord>(recordName(instanceId)))?.content.outcome ?? null;

  return {
    async claim({ caller, key }, claim) {
      const name = hash(caller, key);
      const isNew = await blobs.create(`claims/${name}`, claim);
      const found = isNew ? claim : (await blobs.read<Claim>(`claims/${name}`))?.content;
      if (found === undefined || found.instanceId === claim.instanceId) {
        await blobs.create(
          retentionEntryName({ kind: "claims", day: dayOf(claim.instanceId), key: name }),
          {},
        );
      }
      return found ?? claim;
    },

    async addRecord(copy) {
      const { instanceId, source, destination, createdAt } = copy;
      const ends = { source: endpointUrl(source), destination: endpointUrl(destination) };
      const entry = { ...ends, createdAt, outcome: null };
      // First: whatever is kept is found again when its time is over.
      await blobs.create(
        retentionEntryName({ kind: "copies", day: dayOf(instanceId), key: instanceId }),
        {},
      );
      await blobs.create(recordName(instanceId), entry, summary(entry));
    },
    async recordOutcome(instanceId, ending) {
      const name = recordName(instanceId);
      const ended = await blobs.change<CopyRecord>(
        name,
        (entry) => (entry.outcome === null ? { ...entry, outcome: ending } : null),
        summary,
      );
      if (ended === null) await blobs.create(name, { outcome: ending });
      return ended?.outcome ?? ending;
    },
    outcome,

    async hasOpenRecord(instanceId) {
      const entry = await blobs.read<CopyRecord>(recordName(instanceId));
      return entry !== null && entry.content.outcome === null;
    },
    ...blobLocks(blobs, outcome),
    outbox: {
      async add(instanceId, copy) {
        await blobs.create(`outbox/${instanceId}`, { copy });
      },
      remove: (instanceId) => blobs.remove(`outbox/${instanceId}`),
      async list(most) {
        const { names } = await blobs.list("outbox/", { marker: null, most });
        const found = await Promise.all(
          names.map(async (name) => ({ name, mark: await blobs.read<OutboxEntry>(name) })),
        );
        return found.flatMap(({ name, mark }) => {
          if (mark === null) return []; // told meanwhile
          const instanceId = name.slice("outbox/".length);
          return [{ instanceId, copy: upgradeCopyInput(mark.content.copy), since: mark.changedAt }];
        });
      },
    },
    retention: blobRetention(blobs),
  };
}

type OutboxEntry = { copy: CopyInput };

/** The ends and `createdAt` are missing where only the end of a copy was ever noted. */
type CopyRecord = {
  source?: string;
  destination?: string;
  createdAt?: string;
  outcome: Outcome | null;
};

/** What a list shows, as metadata, so that List Blobs brings it along. Metadata is ASCII, as URLs are. */
function summary({ source, destination, createdAt, outcome }: CopyRecord): Record<string, string> {
  return {
    status: outcome?.status ?? "running",
    ...(source === undefined ? {} : { source }),
    ...(destination === undefined ? {} : { destination }),
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(outcome === null ? {} : { completedAt: outcome.completedAt }),
  };
}
