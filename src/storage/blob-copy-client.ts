import { AnonymousCredential, BlobClient, newPipeline } from "@azure/storage-blob";
import type {
  BlobBeginCopyFromURLOptions,
  BlobGetPropertiesResponse,
  StoragePipelineOptions,
} from "@azure/storage-blob";
import { toCopyId } from "../copy/contract/ids.ts";
import { epochMs } from "../copy/time.ts";
import { isBlobAbsent } from "../copy/decisions/storage-errors.ts";
import { urlWith } from "../copy/location/endpoint.ts";
import type { Destination } from "../copy/location/endpoint.ts";
import type { ReadDestination, SourceProperties } from "../copy/contract/properties.ts";
import { revealSas } from "../copy/location/sas.ts";
import type { CopyClient, Side, StartOrder } from "./copy-client.ts";
import { isRefusal, tagCondition } from "./copy-client.ts";
import { contentMd5, copyProperties, shownProperties } from "./copy-properties.ts";
import type { CredentialFor } from "./credentials.ts";
import { destinationOptions } from "./destination-options.ts";
import { leaseConditions } from "./lease-conditions.ts";
import { copyTarget, keptPipelines, observed, singleTry, pipeline } from "./pipeline.ts";
import { withRefusals, withReconnect } from "./refusal.ts";
import { createSnapshotClient } from "./snapshot-client.ts";

/** Creates the client for copies onto blobs, over @azure/storage-blob. */
export function createBlobCopyClient(credentialFor: CredentialFor): CopyClient {
  const anonymous = new AnonymousCredential();
  const pipelinesWith = (options: StoragePipelineOptions) =>
    keptPipelines((credential: Credential, endpoint: Destination) =>
      observed(newPipeline(credential, options), copyTarget(endpoint)),
    );
  const usual = pipelinesWith(pipeline);
  const forStarts = pipelinesWith(singleTry);
  const own = (side: Side<Destination>, pipelines = usual) => {
    const credential = side.sas === null ? credentialFor(side.endpoint) : anonymous;
    return new BlobClient(urlOf(side), pipelines(credential, side.endpoint));
  };
  // Without a SAS the service of another account reads the source anonymously ("Copy Blob", Authorization).
  const asService = (source: Side<Destination>, sameAccount: boolean) =>
    sameAccount ? own(source) : new BlobClient(urlOf(source), usual(anonymous, source.endpoint));
  return {
    async readSource(source, { sameAccount, ifTags }) {
      const conditions = ifTags === undefined ? {} : { tagConditions: ifTags };
      const client = asService(source, sameAccount);
      return toSourceProperties(await withReconnect(() => client.getProperties({ conditions })));
    },
    async readTags(source, { sameAccount }) {
      const { tags } = await withReconnect(() => asService(source, sameAccount).getTags());
      return tags;
    },
    async readDestination(destination, { ifTags } = {}) {
      const conditions = ifTags === undefined ? {} : { tagConditions: ifTags };
      try {
        return toDestinationProperties(
          await withReconnect(() => own(destination).getProperties({ conditions })),
        );
      } catch (error) {
        if (isRefusal(error, isBlobAbsent)) return null;
        throw error;
      }
    },
    async start(order) {
      const { source, destination } = order;
      // The SDK's poller never stops on "aborted" and never compares copyIds, so it is only used to start the copy.
      const poller = await withRefusals(
        own(destination, forStarts).beginCopyFromURL(urlOf(source), startOptions(order)),
      );
      // The state holds the copyId (12.34.0, BlobBeginCopyFromUrlPoller), but its public type omits it.
      const { copyId, isCompleted } = poller.getOperationState() as {
        copyId?: string;
        isCompleted?: boolean;
      };
      if (copyId === undefined)
        throw new Error("Cannot read the copyId because Copy Blob sent no x-ms-copy-id");
      return { copyId: toCopyId(copyId), copyStatus: isCompleted === true ? "success" : "pending" };
    },
    async abort(destination, copyId) {
      const conditions = leaseConditions(destination);
      await withReconnect(() => own(destination).abortCopyFromURL(copyId, { conditions }));
    },
    async remove(destination, etag) {
      const conditions = { ifMatch: etag, ...leaseConditions(destination) };
      await withReconnect(() => own(destination).delete({ conditions }));
    },
    async leaseSource(source, leaseId) {
      await withReconnect(() => own(source).getBlobLeaseClient(leaseId).acquireLease(-1));
    },
    async releaseSource(source, leaseId) {
      await withReconnect(() => own(source).getBlobLeaseClient(leaseId).releaseLease());
    },
    ...createSnapshotClient(own),
  };
}

type Credential = ReturnType<CredentialFor>;

function urlOf({ endpoint, sas }: Side): string {
  return urlWith(endpoint, sas === null ? null : revealSas(sas));
}

function startOptions(order: StartOrder): BlobBeginCopyFromURLOptions {
  const { options, destination, destinationEtag, sourceEtag, signal } = order;
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
    ...destinationOptions(options),
  };
}

function toSourceProperties(properties: BlobGetPropertiesResponse): SourceProperties {
  return {
    etag: properties.etag ?? "",
    length: properties.contentLength ?? 0,
    lastModified: epochMs(properties.lastModified?.getTime() ?? 0),
    contentMd5: contentMd5(properties),
    blobType: properties.blobType ?? "BlockBlob",
    archived: properties.accessTier === "Archive",
    copy: copyProperties(properties),
  };
}

function toDestinationProperties(properties: BlobGetPropertiesResponse): ReadDestination {
  return {
    etag: properties.etag ?? "",
    length: properties.contentLength ?? 0,
    lastModified: epochMs(properties.lastModified?.getTime() ?? 0),
    contentMd5: contentMd5(properties),
    blobType: properties.blobType ?? "BlockBlob",
    archived: properties.accessTier === "Archive",
    metadata: properties.metadata ?? {},
    shown: shownProperties(properties),
    copy: copyProperties(properties),
  };
}
