import { AnonymousCredential, BlobClient, newPipeline } from "@azure/storage-blob";
import type {
  BlobBeginCopyFromURLOptions,
  BlobGetPropertiesResponse,
  StoragePipelineOptions,
} from "@azure/storage-blob";
import { toDate, parseTime } from "../copy/time.ts";
import { urlWith } from "../copy/location/endpoint.ts";
import type { Destination } from "../copy/location/endpoint.ts";
import type { DestinationProperties, SourceProperties } from "../copy/contract/properties.ts";
import { revealSas } from "../copy/location/sas.ts";
import type { CopyClient, Side, StartOrder } from "./copy-client.ts";
import { StorageRefusal, tagCondition } from "./copy-client.ts";
import { copyProperties } from "./copy-properties.ts";
import type { CredentialFor } from "./credentials.ts";
import { leaseConditions } from "./lease-conditions.ts";
import { bounded, once, pipeline } from "./pipeline.ts";
import { answered, bridged } from "./refusal.ts";
import { createSnapshotClient } from "./snapshot-client.ts";

/** Copies of blobs through @azure/storage-blob. */
export function createBlobCopyClient(credentialFor: CredentialFor): CopyClient {
  const own = (side: Side<Destination>, options: StoragePipelineOptions = pipeline) =>
    blobClient(side, credentialFor, options);
  // Without a SAS another account's service reads the source as nobody ("Copy Blob", Authorization).
  const asTheService = (source: Side<Destination>, sameAccount: boolean) =>
    sameAccount ? own(source) : blobClient(source, () => new AnonymousCredential(), pipeline);
  return {
    async readSource(source, { sameAccount, ifTags }) {
      const conditions = ifTags === undefined ? {} : { tagConditions: ifTags };
      const client = asTheService(source, sameAccount);
      return sourceSeen(await bridged(() => client.getProperties({ conditions })));
    },
    async readTags(source, { sameAccount }) {
      const { tags } = await bridged(() => asTheService(source, sameAccount).getTags());
      return tags;
    },
    async readDestination(destination, { ifTags } = {}) {
      const conditions = ifTags === undefined ? {} : { tagConditions: ifTags };
      try {
        return destinationSeen(await bridged(() => own(destination).getProperties({ conditions })));
      } catch (error) {
        if (error instanceof StorageRefusal && isAbsent(error)) return null;
        throw error;
      }
    },
    async start(order) {
      const { source, destination } = order;
      // The SDK's poller never ends on "aborted" and never compares copyIds: it only starts the copy.
      const poller = await answered(
        own(destination, once).beginCopyFromURL(urlOf(source), startOptions(order)),
      );
      // The state holds the copyId (12.34.0, BlobBeginCopyFromUrlPoller), its public type does not say so.
      const { copyId, isCompleted } = poller.getOperationState() as {
        copyId?: string;
        isCompleted?: boolean;
      };
      if (copyId === undefined) throw new Error("Copy Blob answered without x-ms-copy-id");
      return { copyId, copyStatus: isCompleted === true ? "success" : "pending" };
    },
    async abort(destination, copyId) {
      const conditions = leaseConditions(destination);
      await bridged(() => own(destination).abortCopyFromURL(copyId, { conditions }));
    },
    async remove(destination, etag) {
      const conditions = { ifMatch: etag, ...leaseConditions(destination) };
      await bridged(() => own(destination).delete({ conditions }));
    },
    async leaseSource(source, leaseId) {
      await bridged(() => own(source).getBlobLeaseClient(leaseId).acquireLease(-1));
    },
    async releaseSource(source, leaseId) {
      await bridged(() => own(source).getBlobLeaseClient(leaseId).releaseLease());
    },
    ...createSnapshotClient(own),
  };
}

function blobClient(
  side: Side<Destination>,
  credentialFor: CredentialFor,
  options: StoragePipelineOptions,
): BlobClient {
  const credential = side.sas === null ? credentialFor(side.endpoint) : new AnonymousCredential();
  return new BlobClient(urlOf(side), bounded(newPipeline(credential, options)));
}

function urlOf({ endpoint, sas }: Side): string {
  return urlWith(endpoint, sas === null ? null : revealSas(sas));
}

function startOptions(order: StartOrder): BlobBeginCopyFromURLOptions {
  const { options, destination, destinationEtag, sourceEtag, signal } = order;
  const { metadata, tags, tier, rehydratePriority, immutabilityPolicy } = options;
  return {
    abortSignal: signal,
    sourceConditions: {
      ...(sourceEtag === null ? {} : { ifMatch: sourceEtag }),
      ...tagCondition(options.sourceConditions),
    },
    conditions: {
      ...(destinationEtag === null ? { ifNoneMatch: "*" } : { ifMatch: destinationEtag }),
      ...tagCondition(options.destinationConditions),
      ...leaseConditions(destination),
    },
    ...(metadata === null ? {} : { metadata }),
    // An empty object would be sent as an empty header.
    ...(tags === null || Object.keys(tags).length === 0 ? {} : { tags }),
    ...(tier === null ? {} : { tier }),
    ...(rehydratePriority === null ? {} : { rehydratePriority }),
    ...(options.sealBlob ? { sealBlob: true } : {}),
    ...(options.legalHold ? { legalHold: true } : {}),
    ...(immutabilityPolicy === null
      ? {}
      : {
          immutabilityPolicy: {
            expiriesOn: toDate(parseTime(immutabilityPolicy.until)),
            policyMode: immutabilityPolicy.mode,
          },
        }),
  };
}

function isAbsent({ response }: StorageRefusal): boolean {
  return response.status === 404 && (response.code === null || response.code === "BlobNotFound");
}

function sourceSeen(properties: BlobGetPropertiesResponse): SourceProperties {
  const copy = copyProperties(properties);
  return {
    etag: properties.etag ?? "",
    length: properties.contentLength ?? 0,
    lastModified: properties.lastModified?.getTime() ?? 0,
    blobType: properties.blobType ?? "BlockBlob",
    archived: properties.accessTier === "Archive",
    pendingCopy: copy?.status === "pending" ? copy : null,
    ...(copy?.status === "success" ? { producedBy: copy.copyId } : {}),
  };
}

function destinationSeen(properties: BlobGetPropertiesResponse): DestinationProperties {
  return {
    etag: properties.etag ?? "",
    length: properties.contentLength ?? 0,
    lastModified: properties.lastModified?.getTime() ?? 0,
    blobType: properties.blobType ?? "BlockBlob",
    archived: properties.accessTier === "Archive",
    metadata: properties.metadata ?? {},
    copy: copyProperties(properties),
  };
}
