import { appendBlock, sealBlob } from "./blobs/append-blobs.ts";
import { authorize } from "./auth/authorization.ts";
import { deleteBlob, putBlob, setBlobMetadata, setBlobProperties } from "./blobs/blobs.ts";
import { getBlockList, putBlock, putBlockList } from "./blobs/block-blobs.ts";
import type { Call, Operation } from "./calls/operation-call.ts";
import {
  createContainer,
  deleteContainer,
  getContainerProperties,
  listContainers,
} from "./blobs/containers.ts";
import { abortCopyBlob, copyBlob } from "./copies/blob-copies.ts";
import { copyBlobFromUrl } from "./copies/copy-from-url.ts";
import { StorageError } from "./http/rest-errors.ts";
import { enqueueWriteEvents } from "./events/written-blobs.ts";
import {
  deleteBlobImmutabilityPolicy,
  setBlobImmutabilityPolicy,
  setBlobLegalHold,
} from "./blobs/immutability.ts";
import { fileService } from "./file-service.ts";
import { leaseBlob } from "./blobs/blob-leases.ts";
import { listBlobs } from "./blobs/blob-listing.ts";
import { describeOperation, restName, type OperationName } from "./http/rest-operation.ts";
import { getPageRanges, putPage } from "./blobs/page-blobs.ts";
import { endDueCopies, hasDueCopies } from "./pending-copies/pending-copies.ts";
import { snapshotBlob } from "./blobs/blob-snapshots.ts";
import { getBlob, getBlobProperties } from "./blobs/blob-reads.ts";
import { getBlobTags, setBlobTags } from "./blobs/blob-tags.ts";
import { setBlobTier } from "./blobs/access-tiers.ts";
import { readParameter, type StorageResponse } from "./http/storage-request.ts";
import { getUserDelegationKey } from "./auth/get-user-delegation-key.ts";
import { refuseUnsupportedHeaders } from "./blobs/blob-writes.ts";

/** The implemented operations. All others return 501 with the operation's name. */
const operations: Partial<Record<OperationName, Operation>> = {
  ListContainers: listContainers,
  CreateContainer: createContainer,
  GetContainerProperties: getContainerProperties,
  DeleteContainer: deleteContainer,
  ListBlobs: listBlobs,
  PutBlob: putBlob,
  PutBlock: putBlock,
  PutBlockList: putBlockList,
  GetBlockList: getBlockList,
  GetBlob: getBlob,
  GetBlobProperties: getBlobProperties,
  SetBlobMetadata: setBlobMetadata,
  SetBlobProperties: setBlobProperties,
  DeleteBlob: deleteBlob,
  SnapshotBlob: snapshotBlob,
  CopyBlob: copyBlob,
  CopyBlobFromUrl: copyBlobFromUrl,
  AbortCopyBlob: abortCopyBlob,
  LeaseBlob: leaseBlob,
  GetUserDelegationKey: getUserDelegationKey,
  AppendBlock: appendBlock,
  AppendBlobSeal: sealBlob,
  PutPage: putPage,
  GetPageRanges: getPageRanges,
  GetBlobTags: getBlobTags,
  SetBlobTags: setBlobTags,
  SetBlobTier: setBlobTier,
  SetBlobImmutabilityPolicy: setBlobImmutabilityPolicy,
  DeleteBlobImmutabilityPolicy: deleteBlobImmutabilityPolicy,
  SetBlobLegalHold: setBlobLegalHold,
  ...fileService,
};

/**
 * Executes one request in one transaction and returns its response, or throws a StorageError and
 * changes nothing. Ends due copies first, in a separate transaction.
 */
export function dispatch(given: Omit<Call, "caller">): StorageResponse {
  const { request, operation, store, roles, now } = given;
  if (hasDueCopies(store, now)) store.transaction(() => endDueCopies(store, now));
  const work = operations[operation];
  if (work === undefined) {
    throw new StorageError("NotImplemented", {
      message: `${describeOperation(operation, request)} is not implemented by this emulator`,
    });
  }
  refuseRevision(request.query, operation);
  return store.transaction(() => {
    const caller = authorize(request, { operation, store, roles, now });
    refuseUnsupportedHeaders(request.headers, operation);
    const response = work({ ...given, caller });
    enqueueWriteEvents(given);
    return response;
  });
}

/** Rejects `snapshot` and `versionid` for operations that apply only to the current blob. */
function refuseRevision(query: ReadonlyMap<string, string>, operation: OperationName): void {
  const parameter = ["snapshot", "versionid"].find(
    (name) => readParameter(query, name) !== undefined,
  );
  if (parameter === undefined || revisionOperations.has(operation)) return;
  throw new StorageError("InvalidQueryParameterValue", {
    message: `${restName(operation)} is not supported on a ${parameter === "snapshot" ? "snapshot" : "version"}.`,
    details: { QueryParameterName: parameter, QueryParameterValue: query.get(parameter) ?? "" },
  });
}

/** Operations on snapshots and versions (URI parameters of each REST page). */
const revisionOperations: ReadonlySet<OperationName> = new Set([
  "GetBlob",
  "GetBlobProperties",
  "GetBlockList",
  "GetPageRanges",
  "GetBlobTags",
  "SetBlobTags",
  "SetBlobTier",
  "SetBlobImmutabilityPolicy",
  "DeleteBlobImmutabilityPolicy",
  "SetBlobLegalHold",
  "DeleteBlob",
]);
