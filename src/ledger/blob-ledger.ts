import type { ContainerClient } from "@azure/storage-blob";
import { endpointUrl } from "../copy/location/endpoint.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import { copyInputOf } from "../copy/contract/activities.ts";
import type { CopyInput } from "../copy/contract/activities.ts";
import { conditionalBlobs } from "./conditional-blobs.ts";
import { dayOf, indexName } from "./instance-id.ts";
import { hash } from "./hash.ts";
import type { Claim, Ledger } from "./ledger.ts";
import { blobRetention, markOf } from "./retention.ts";
import { blobSlots } from "./locks.ts";

/**
 * The ledger as small JSON blobs in one container:
 * `claims/<hash>` · `untold/<id>` · `index/<inverted time>-<id>` · `slots/<hash of the destination>` ·
 * `ages/<copies or claims>/<day>/<id or hash>`.
 */
export function createBlobLedger(container: ContainerClient): Ledger {
  const blobs = conditionalBlobs(container);
  const outcome = async (instanceId: string): Promise<Outcome | null> =>
    (await blobs.read<IndexEntry>(indexName(instanceId)))?.content.outcome ?? null;

  return {
    async claim({ caller, key }, claim) {
      const name = hash(caller, key);
      const isNew = await blobs.create(`claims/${name}`, claim);
      const found = isNew ? claim : (await blobs.read<Claim>(`claims/${name}`))?.content;
      if (found === undefined || found.instanceId === claim.instanceId) {
        await blobs.create(markOf({ kind: "claims", day: dayOf(claim.instanceId), key: name }), {});
      }
      return found ?? claim;
    },

    async open(copy) {
      const { instanceId, source, destination, createdAt } = copy;
      const ends = { source: endpointUrl(source), destination: endpointUrl(destination) };
      const entry = { ...ends, createdAt, outcome: null };
      // First: whatever is kept is found again when its time is over.
      await blobs.create(markOf({ kind: "copies", day: dayOf(instanceId), key: instanceId }), {});
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

    async isOpen(instanceId) {
      const entry = await blobs.read<IndexEntry>(indexName(instanceId));
      return entry !== null && entry.content.outcome === null;
    },
    ...blobSlots(blobs, outcome),
    untold: {
      async add(instanceId, copy) {
        await blobs.create(`untold/${instanceId}`, { copy });
      },
      remove: (instanceId) => blobs.remove(`untold/${instanceId}`),
      async some(most) {
        const { names } = await blobs.list("untold/", { marker: null, most });
        const found = await Promise.all(
          names.map(async (name) => ({ name, mark: await blobs.read<UntoldMark>(name) })),
        );
        return found.flatMap(({ name, mark }) => {
          if (mark === null) return []; // told meanwhile
          const instanceId = name.slice("untold/".length);
          return [{ instanceId, copy: copyInputOf(mark.content.copy), since: mark.changedAt }];
        });
      },
    },
    retention: blobRetention(blobs),
  };
}

type UntoldMark = { copy: CopyInput };

/** The ends and `createdAt` are missing where only the end of a copy was ever noted. */
type IndexEntry = {
  source?: string;
  destination?: string;
  createdAt?: string;
  outcome: Outcome | null;
};

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
