import { ContainerClient, newPipeline } from "@azure/storage-blob";
import type { BlobClient, BlobItem } from "@azure/storage-blob";
import { serviceUrl, containerOf } from "../copy/location/endpoint.ts";
import { revealSas } from "../copy/location/sas.ts";
import type { SnapshotProperties, DestinationSnapshots } from "../copy/contract/properties.ts";
import { StorageRefusal } from "./copy-client.ts";
import type { DestinationSide, Snapshots } from "./copy-client.ts";
import { leaseConditions } from "./lease-conditions.ts";
import { bounded, pipeline } from "./pipeline.ts";
import { answered, bridged } from "./refusal.ts";

/** Snapshots of a destination, for rolling back. `own` is a client that acts with the side's power. */
export function createSnapshotClient(own: (side: DestinationSide) => BlobClient): Snapshots {
  return {
    readSnapshots(destination) {
      const container = containerClient(destination, own(destination));
      return bridged(() => readSnapshots(container, destination.endpoint.path));
    },
    async takeSnapshot(destination, { metadata, etag }) {
      const conditions = { ifMatch: etag, ...leaseConditions(destination) };
      const taken = await bridged(() => own(destination).createSnapshot({ metadata, conditions }));
      if (taken.snapshot === undefined) throw new Error("Snapshot Blob answered without a time");
      return taken.snapshot;
    },
    async readFormerTags(destination) {
      return (await bridged(() => own(destination).getTags())).tags;
    },
    async promoteSnapshot(destination, { snapshot: { time, tier }, tags, etag }) {
      const base = own(destination);
      // The SDK's URL carries the SAS, if there is one: it opens the snapshot, too.
      const source = base.withSnapshot(time).url;
      const conditions = { ifMatch: etag, ...leaseConditions(destination) };
      const options = {
        conditions,
        ...(tier === null ? {} : { tier }),
        // Copy Blob leaves them behind.
        ...(Object.keys(tags).length === 0 ? {} : { tags }),
      };
      await answered(base.beginCopyFromURL(source, options));
    },
    async removeSnapshot(destination, time) {
      try {
        await bridged(() => own(destination).withSnapshot(time).delete());
      } catch (error) {
        // Gone already: this run is a second one.
        if (!(error instanceof StorageRefusal) || error.response.status !== 404) throw error;
      }
    },
    async setMetadata(destination, { metadata, etag }) {
      const conditions = { ifMatch: etag, ...leaseConditions(destination) };
      await bridged(() => own(destination).setMetadata(metadata, { conditions }));
    },
  };
}

/** "List Blobs" goes by name, so the blob with its snapshots comes before all others of the prefix. */
async function readSnapshots(client: ContainerClient, path: string): Promise<DestinationSnapshots> {
  const seen: DestinationSnapshots = { metadata: {}, snapshots: [] };
  const options = { prefix: path, includeSnapshots: true, includeMetadata: true };
  for await (const item of client.listBlobsFlat(options)) {
    if (item.name !== path) break;
    if (item.snapshot === undefined || item.snapshot === "") seen.metadata = item.metadata ?? {};
    else seen.snapshots.push(snapshotSeen(item, item.snapshot));
  }
  return seen;
}

function containerClient(
  { endpoint, sas }: DestinationSide,
  { credential }: BlobClient,
): ContainerClient {
  const url = `${serviceUrl(endpoint)}/${containerOf(endpoint)}`;
  const withSas = sas === null ? url : `${url}?${revealSas(sas)}`;
  return new ContainerClient(withSas, bounded(newPipeline(credential, pipeline)));
}

function snapshotSeen({ metadata = {}, properties }: BlobItem, time: string): SnapshotProperties {
  const tier = properties.accessTierInferred === true ? undefined : properties.accessTier;
  return { time, metadata, tier: tier ?? null };
}
