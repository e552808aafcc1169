import type { ContainerClient } from "@azure/storage-blob";
import { toIso } from "../copy/time.ts";
import { createConditionalBlobs } from "./conditional-blobs.ts";
import { hash } from "./hash.ts";
import type { Claim, Ledger } from "./ledger.ts";
import { createBlobJobs } from "./jobs/blob-jobs.ts";
import { createBlobLocks } from "./destinations/locks.ts";
import { createBlobOutbox } from "./outbox.ts";
import { createBlobQueue } from "./destinations/queue.ts";
import { createBlobRecords } from "./records.ts";
import { claimBlob, createBlobRetention } from "./retention.ts";
import { isClaim } from "./stored-shapes.ts";

/**
 * Creates the ledger over small JSON blobs in one container:
 * `claims/<hash>` · `outbox/<id>` · `records/<inverted day>/<inverted time>-<id>` · `locks/<hash of the destination>` ·
 * `destinations/<the same hash>/waiters/<id>` and `…/last-wake`.
 */
export function createBlobLedger(container: ContainerClient): Ledger {
  const blobs = createConditionalBlobs(container);
  const records = createBlobRecords(blobs);
  const readClaim = (name: string) => blobs.read<Claim>(claimBlob(name), isClaim);
  return {
    async claim({ caller, key }, claim) {
      const name = hash(caller, key);
      for (;;) {
        if ((await blobs.create(claimBlob(name), claim)) !== null) return { ...claim, name };
        const found = await readClaim(name);
        if (found !== null) return { ...found.content, name };
        // The claim was purged in the meantime.
      }
    },
    async findClaim({ caller, key }) {
      const name = hash(caller, key);
      const found = await readClaim(name);
      return found === null ? null : { ...found.content, name };
    },
    async closeClaim(name, instanceId, now) {
      const update = (claim: Claim) =>
        claim.instanceId === instanceId && claim.deletedAt === undefined
          ? { ...claim, deletedAt: toIso(now) }
          : null;
      await blobs.change<Claim>(claimBlob(name), update, isClaim);
    },
    records,
    ...createBlobLocks(blobs, records),
    queue: createBlobQueue(blobs),
    outbox: createBlobOutbox(blobs),
    retention: createBlobRetention(blobs),
    jobs: createBlobJobs(blobs),
  };
}
