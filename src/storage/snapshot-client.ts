import { ContainerClient } from "@azure/storage-blob";
import type { BlobClient, BlobItem, StoragePipelineOptions } from "@azure/storage-blob";
import { revealSas } from "../copy/sas.ts";
import type { SnapshotSeen, SnapshotsSeen } from "../copy/seen.ts";
import { StorageRefusal } from "./copy-client.ts";
import type { CopyClient, Side } from "./copy-client.ts";
import { answered } from "./refusal.ts";

type SnapshotClient = Pick<
  CopyClient,
  "readSnapshots" | "takeSnapshot" | "promoteSnapshot" | "removeSnapshot" | "setMetadata"
>;

/** Snapshots of a destination, for rolling back. `own` is a client that acts with the side's power. */
export function createSnapshotClient(
  own: (side: Side) => BlobClient,
  pipeline: StoragePipelineOptions,
): SnapshotClient {
  return {
    readSnapshots(destination) {
      const container = containerClient(destination, own(destination), pipeline);
      return answered(readSnapshots(container, destination.endpoint.path));
    },
    async takeSnapshot(destination, { metadata, etag }) {
      const conditions = { ifMatch: etag };
      const taken = await answered(own(destination).createSnapshot({ metadata, conditions }));
      if (taken.snapshot === undefined) throw new Error("Snapshot Blob answered without a time");
      return taken.snapshot;
    },
    async promoteSnapshot(destination, { time, tier }, etag) {
      const base = own(destination);
      // The SDK's URL carries the SAS, if there is one: it opens the snapshot, too.
      const source = base.withSnapshot(time).url;
      const conditions = { ifMatch: etag };
      const options = { conditions, ...(tier === null ? {} : { tier }) };
      await answered(base.beginCopyFromURL(source, options));
    },
    async removeSnapshot(destination, time) {
      try {
        await answered(own(destination).withSnapshot(time).delete());
      } catch (error) {
        // Gone already: this run is a second one.
        if (!(error instanceof StorageRefusal) || error.answer.status !== 404) throw error;
      }
    },
    async setMetadata(destination, { metadata, etag }) {
      await answered(own(destination).setMetadata(metadata, { conditions: { ifMatch: etag } }));
    },
  };
}

/** "List Blobs" goes by name, so the blob with its snapshots comes before all others of the prefix. */
async function readSnapshots(client: ContainerClient, path: string): Promise<SnapshotsSeen> {
  const seen: SnapshotsSeen = { metadata: {}, snapshots: [] };
  const options = { prefix: path, includeSnapshots: true, includeMetadata: true };
  for await (const item of client.listBlobsFlat(options)) {
    if (item.name !== path) break;
    if (item.snapshot === undefined || item.snapshot === "") seen.metadata = item.metadata ?? {};
    else seen.snapshots.push(snapshotSeen(item, item.snapshot));
  }
  return seen;
}

function containerClient(
  { endpoint: { origin, account, container, emulated }, sas }: Side,
  { credential }: BlobClient,
  pipeline: StoragePipelineOptions,
): ContainerClient {
  const url = `${origin}${emulated ? `/${account}` : ""}/${container}`;
  const withSas = sas === null ? url : `${url}?${revealSas(sas)}`;
  return new ContainerClient(withSas, credential, pipeline);
}

function snapshotSeen({ metadata = {}, properties }: BlobItem, time: string): SnapshotSeen {
  const tier = properties.accessTierInferred === true ? undefined : properties.accessTier;
  return { time, metadata, tier: tier ?? null };
}
