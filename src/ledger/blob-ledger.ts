import type { ContainerClient } from "@azure/storage-blob";
import { toInstanceId } from "../copy/contract/ids.ts";
import { upgradeCopyInput } from "../copy/contract/activities.ts";
import type { CopyInput } from "../copy/contract/activities.ts";
import { createConditionalBlobs } from "./conditional-blobs.ts";
import { hash } from "./hash.ts";
import type { Claim, Ledger } from "./ledger.ts";
import { createBlobLocks } from "./locks.ts";
import { createBlobQueue } from "./queue.ts";
import { createBlobRecords } from "./records.ts";
import { claimBlob, createBlobRetention } from "./retention.ts";

/**
 * Creates the ledger over small JSON blobs in one container:
 * `claims/<hash>` · `outbox/<id>` · `records/<inverted day>/<inverted time>-<id>` · `locks/<hash of the destination>` ·
 * `destinations/<the same hash>/waiters/<id>` and `…/last-wake`.
 */
export function createBlobLedger(container: ContainerClient): Ledger {
  const blobs = createConditionalBlobs(container);
  const records = createBlobRecords(blobs);
  return {
    async claim({ caller, key }, claim) {
      const name = hash(caller, key);
      const isNew = (await blobs.create(claimBlob(name), claim)) !== null;
      const found = isNew ? claim : (await blobs.read<Claim>(claimBlob(name)))?.content;
      return { ...(found ?? claim), name };
    },
    records,
    ...createBlobLocks(blobs, records),
    queue: createBlobQueue(blobs),
    outbox: {
      async add(instanceId, copy) {
        await blobs.create(`outbox/${instanceId}`, { copy });
      },
      async remove(instanceId) {
        await blobs.remove(`outbox/${instanceId}`);
      },
      async has(instanceId) {
        return (await blobs.read<OutboxEntry>(`outbox/${instanceId}`)) !== null;
      },
      async list(limit) {
        const page = await blobs.list("outbox/", { marker: null, limit });
        const found = await Promise.all(
          page.blobs.map(async ({ name }) => ({
            name,
            entry: await blobs.read<OutboxEntry>(name),
          })),
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
