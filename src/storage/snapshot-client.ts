import { ContainerClient, newPipeline } from "@azure/storage-blob";
import type { BlobClient, BlobItem } from "@azure/storage-blob";
import { serviceUrl, containerOf } from "../copy/location/endpoint.ts";
import { revealSas } from "../copy/location/sas.ts";
import type { SnapshotProperties, DestinationSnapshots } from "../copy/contract/properties.ts";
import { isRefusal } from "./copy-client.ts";
import type { DestinationSide, Snapshots } from "./copy-client.ts";
import { leaseConditions } from "./lease-conditions.ts";
import { copyTarget, observed, pipeline } from "./pipeline.ts";
import { withReconnect, withRefusals } from "./refusal.ts";

/** Creates the client for a destination's snapshots. `own` returns a client that uses the side's authorization. */
export function createSnapshotClient(own: (side: DestinationSide) => BlobClient): Snapshots {
  return {
    readSnapshots(destination) {
      const container = containerClient(destination, own(destination));
      return withReconnect(() => readSnapshots(container, destination.endpoint.path));
    },
    async takeSnapshot(destination, { metadata, etag }) {
      const conditions = { ifMatch: etag, ...leaseConditions(destination) };
      const taken = await withReconnect(() =>
        own(destination).createSnapshot({ metadata, conditions }),
      );
      if (taken.snapshot === undefined)
        throw new Error(
          "Cannot read the time of the snapshot because the response to Snapshot Blob does not contain it",
        );
      return taken.snapshot;
    },
    async readFormerTags(destination) {
      return (await withReconnect(() => own(destination).getTags())).tags;
    },
    async promoteSnapshot(destination, { snapshot: { time, tier }, tags, etag }) {
      const base = own(destination);
      // The SDK's URL includes the SAS, if there is one; it also covers the snapshot.
      const source = base.withSnapshot(time).url;
      const conditions = { ifMatch: etag, ...leaseConditions(destination) };
      const options = {
        conditions,
        ...(tier === null ? {} : { tier }),
        // Copy Blob does not copy tags.
        ...(Object.keys(tags).length === 0 ? {} : { tags }),
      };
      await withRefusals(base.beginCopyFromURL(source, options));
    },
    async removeSnapshot(destination, time) {
      try {
        await withReconnect(() => own(destination).withSnapshot(time).delete());
      } catch (error) {
        // An earlier run of the activity has already deleted it.
        if (!isRefusal(error, ({ status }) => status === 404)) throw error;
      }
    },
    async setMetadata(destination, { metadata, etag }) {
      const conditions = { ifMatch: etag, ...leaseConditions(destination) };
      const write = () => own(destination).setMetadata(metadata, { conditions });
      return (await withReconnect(write)).etag ?? null;
    },
  };
}

/** "List Blobs" sorts by name, so the blob and its snapshots come before all other names with the prefix. */
async function readSnapshots(client: ContainerClient, path: string): Promise<DestinationSnapshots> {
  const listed: DestinationSnapshots = { metadata: {}, snapshots: [] };
  const options = { prefix: path, includeSnapshots: true, includeMetadata: true };
  for await (const item of client.listBlobsFlat(options)) {
    if (item.name !== path) break;
    if (item.snapshot === undefined || item.snapshot === "") listed.metadata = item.metadata ?? {};
    else listed.snapshots.push(toSnapshotProperties(item, item.snapshot));
  }
  return listed;
}

function containerClient(
  { endpoint, sas }: DestinationSide,
  { credential }: BlobClient,
): ContainerClient {
  const url = `${serviceUrl(endpoint)}/${containerOf(endpoint)}`;
  const withSas = sas === null ? url : `${url}?${revealSas(sas)}`;
  return new ContainerClient(
    withSas,
    observed(newPipeline(credential, pipeline), copyTarget(endpoint)),
  );
}

function toSnapshotProperties(
  { metadata = {}, properties }: BlobItem,
  time: string,
): SnapshotProperties {
  const tier = properties.accessTierInferred === true ? undefined : properties.accessTier;
  return { time, metadata, tier: tier ?? null };
}
