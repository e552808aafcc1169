import { AnonymousCredential, BlobClient } from "@azure/storage-blob";
import type {
  BlobBeginCopyFromURLOptions,
  BlobGetPropertiesResponse,
  StoragePipelineOptions,
} from "@azure/storage-blob";
import { parseProgress } from "../copy/copy-status.ts";
import type { CopyStatusName } from "../copy/copy-status.ts";
import { endpointUrl } from "../copy/endpoint.ts";
import { revealSas } from "../copy/sas.ts";
import type { CopySeen, DestinationSeen, SourceSeen } from "../copy/seen.ts";
import type { CopyClient, Side, StartOrder } from "./copy-client.ts";
import { StorageRefusal } from "./copy-client.ts";
import type { CredentialFor } from "./credentials.ts";
import { answered } from "./refusal.ts";
import { createSnapshotClient } from "./snapshot-client.ts";

/**
 * One immediate retry inside the SDK bridges a broken connection; longer waits belong to durable
 * timers, which survive the app and cost nothing.
 */
const pipeline: StoragePipelineOptions = { retryOptions: { maxTries: 2, tryTimeoutInMs: 15_000 } };
/** A start is sent once: an answer to a second try would say nothing about the first. */
const once: StoragePipelineOptions = { retryOptions: { maxTries: 1 } };

/** Copies of blobs through @azure/storage-blob. */
export function createBlobCopyClient(credentialFor: CredentialFor): CopyClient {
  const own = (side: Side, options = pipeline) => blobClient(side, credentialFor, options);
  return {
    async readSource(source, { sameAccount }) {
      // Without a SAS another account's service reads the source as nobody ("Copy Blob", Authorization).
      const client = sameAccount
        ? own(source)
        : blobClient(source, () => new AnonymousCredential(), pipeline);
      return sourceSeen(await answered(client.getProperties()));
    },
    async readDestination(destination) {
      try {
        return destinationSeen(await answered(own(destination).getProperties()));
      } catch (error) {
        if (error instanceof StorageRefusal && isAbsent(error)) return null;
        throw error;
      }
    },
    async start(order) {
      // The SDK's poller never ends on "aborted" and never compares copyIds: it only starts the copy.
      const poller = await answered(
        own(order.destination, once).beginCopyFromURL(sourceUrl(order.source), startOptions(order)),
      );
      // The state holds the copyId (12.34.0, BlobBeginCopyFromUrlPoller), its public type does not say so.
      const { copyId } = poller.getOperationState() as { copyId?: string };
      if (copyId === undefined) throw new Error("Copy Blob answered without x-ms-copy-id");
      return copyId;
    },
    async abort(destination, copyId) {
      await answered(own(destination).abortCopyFromURL(copyId));
    },
    async remove(destination, etag) {
      await answered(own(destination).delete({ conditions: { ifMatch: etag } }));
    },
    ...createSnapshotClient(own, pipeline),
  };
}

function blobClient(
  { endpoint, sas }: Side,
  credentialFor: CredentialFor,
  options: StoragePipelineOptions,
): BlobClient {
  const url = endpointUrl(endpoint);
  return sas === null
    ? new BlobClient(url, credentialFor(endpoint), options)
    : new BlobClient(`${url}?${revealSas(sas)}`, new AnonymousCredential(), options);
}

function sourceUrl({ endpoint, sas }: Side): string {
  return sas === null ? endpointUrl(endpoint) : `${endpointUrl(endpoint)}?${revealSas(sas)}`;
}

function startOptions(order: StartOrder): BlobBeginCopyFromURLOptions {
  const { options, destinationEtag, sourceEtag, signal } = order;
  return {
    abortSignal: signal,
    sourceConditions: { ifMatch: sourceEtag },
    conditions: destinationEtag === null ? { ifNoneMatch: "*" } : { ifMatch: destinationEtag },
    ...(options.metadata === null ? {} : { metadata: options.metadata }),
    ...(options.tier === null ? {} : { tier: options.tier }),
  };
}

function isAbsent({ answer }: StorageRefusal): boolean {
  return answer.status === 404 && (answer.code === null || answer.code === "BlobNotFound");
}

function sourceSeen(properties: BlobGetPropertiesResponse): SourceSeen {
  return {
    etag: properties.etag ?? "",
    length: properties.contentLength ?? 0,
    lastModified: properties.lastModified?.getTime() ?? 0,
    blobType: properties.blobType ?? "BlockBlob",
    archived: properties.accessTier === "Archive",
    pendingCopy: properties.copyStatus === "pending" ? copySeen(properties) : null,
  };
}

function destinationSeen(properties: BlobGetPropertiesResponse): DestinationSeen {
  return {
    etag: properties.etag ?? "",
    length: properties.contentLength ?? 0,
    lastModified: properties.lastModified?.getTime() ?? 0,
    blobType: properties.blobType ?? "BlockBlob",
    archived: properties.accessTier === "Archive",
    metadata: properties.metadata ?? {},
    copy: copySeen(properties),
  };
}

function copySeen(properties: BlobGetPropertiesResponse): CopySeen | null {
  const { copyId, copyStatus } = properties;
  if (copyId === undefined || copyStatus === undefined) return null;
  // The SDK's type also knows no other words than these four.
  const status: CopyStatusName = copyStatus;
  return {
    copyId,
    status,
    progress: parseProgress(properties.copyProgress),
    completedAt: properties.copyCompletedOn?.getTime() ?? null,
    description: properties.copyStatusDescription ?? null,
    source: properties.copySource ?? "",
  };
}
