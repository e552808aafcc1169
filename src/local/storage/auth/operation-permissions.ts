import { StorageError } from "../http/rest-errors.ts";
import type { OperationName } from "../http/rest-operation.ts";
import type { ServiceName } from "../http/storage-request.ts";
import type { Sas } from "./sas-verification.ts";

/** The requirements of an operation on a SAS: the resource type, and one of these permission letters. */
type RequiredPermission = { resourceType: "s" | "c" | "o"; anyOf: string };

/** REST pages "Create an account SAS" and "Create a service SAS", tables of permissions. */
const requiredPermissions: Partial<Record<OperationName, RequiredPermission>> = {
  ListContainers: { resourceType: "s", anyOf: "l" },
  CreateContainer: { resourceType: "c", anyOf: "cw" },
  GetContainerProperties: { resourceType: "c", anyOf: "r" },
  DeleteContainer: { resourceType: "c", anyOf: "d" },
  ListBlobs: { resourceType: "c", anyOf: "l" },
  GetBlob: { resourceType: "o", anyOf: "r" },
  GetBlobProperties: { resourceType: "o", anyOf: "r" },
  GetBlockList: { resourceType: "o", anyOf: "r" },
  GetPageRanges: { resourceType: "o", anyOf: "r" },
  GetBlobTags: { resourceType: "o", anyOf: "t" },
  SetBlobTags: { resourceType: "o", anyOf: "t" },
  SetBlobTier: { resourceType: "o", anyOf: "w" },
  SetBlobImmutabilityPolicy: { resourceType: "o", anyOf: "i" },
  DeleteBlobImmutabilityPolicy: { resourceType: "o", anyOf: "i" },
  SetBlobLegalHold: { resourceType: "o", anyOf: "i" },
  AppendBlock: { resourceType: "o", anyOf: "aw" },
  AppendBlobSeal: { resourceType: "o", anyOf: "w" },
  PutPage: { resourceType: "o", anyOf: "w" },
  PutBlob: { resourceType: "o", anyOf: "cw" },
  PutBlock: { resourceType: "o", anyOf: "cw" },
  PutBlockList: { resourceType: "o", anyOf: "cw" },
  CopyBlob: { resourceType: "o", anyOf: "cw" },
  CopyBlobFromUrl: { resourceType: "o", anyOf: "cw" },
  AbortCopyBlob: { resourceType: "o", anyOf: "w" },
  LeaseBlob: { resourceType: "o", anyOf: "wd" },
  SetBlobMetadata: { resourceType: "o", anyOf: "w" },
  SetBlobProperties: { resourceType: "o", anyOf: "w" },
  DeleteBlob: { resourceType: "o", anyOf: "d" },
  SnapshotBlob: { resourceType: "o", anyOf: "cw" },
  ListShares: { resourceType: "s", anyOf: "l" },
  CreateShare: { resourceType: "c", anyOf: "cw" },
  GetShareProperties: { resourceType: "c", anyOf: "r" },
  DeleteShare: { resourceType: "c", anyOf: "d" },
  SnapshotShare: { resourceType: "c", anyOf: "cw" },
  CreatePermission: { resourceType: "c", anyOf: "cw" },
  GetPermission: { resourceType: "c", anyOf: "r" },
  ListDirectoriesAndFiles: { resourceType: "c", anyOf: "l" },
  CreateDirectory: { resourceType: "o", anyOf: "cw" },
  GetDirectoryProperties: { resourceType: "o", anyOf: "r" },
  DeleteDirectory: { resourceType: "o", anyOf: "d" },
  CreateFile: { resourceType: "o", anyOf: "cw" },
  PutRange: { resourceType: "o", anyOf: "w" },
  GetFile: { resourceType: "o", anyOf: "r" },
  GetFileProperties: { resourceType: "o", anyOf: "r" },
  SetFileProperties: { resourceType: "o", anyOf: "w" },
  SetFileMetadata: { resourceType: "o", anyOf: "w" },
  DeleteFile: { resourceType: "o", anyOf: "d" },
  LeaseFile: { resourceType: "o", anyOf: "wd" },
  CopyFile: { resourceType: "o", anyOf: "cw" },
  AbortCopyFile: { resourceType: "o", anyOf: "w" },
};

/** Undefined for operations that neither a SAS nor a data role can authorize. */
export function requiredPermission(operation: OperationName): RequiredPermission | undefined {
  return requiredPermissions[operation];
}

/** Throws the service's 403 unless the SAS allows the operation. */
export function requireSasAccess(sas: Sas, operation: OperationName, service: ServiceName): void {
  const need = requiredPermissions[operation];
  if (need === undefined) throw new StorageError("AuthorizationFailure");
  if (sas.kind === "account") {
    if (!sas.services.includes(serviceLetters[service]))
      throw new StorageError("AuthorizationServiceMismatch");
    if (!sas.resourceTypes.includes(need.resourceType)) {
      throw new StorageError("AuthorizationResourceTypeMismatch");
    }
  } else if (!isInScope(sas.resource, operation, need)) {
    throw new StorageError("AuthorizationFailure");
  }
  if (!need.anyOf.split("").some((letter) => sas.permissions.includes(letter))) {
    throw new StorageError("AuthorizationPermissionMismatch");
  }
}

const serviceLetters: Readonly<Record<ServiceName, string>> = { blob: "b", file: "f" };

/**
 * A service SAS is for blobs or files, or for all of them and their listing; never for the container or share itself.
 */
function isInScope(
  resource: Exclude<Sas, { kind: "account" }>["resource"],
  operation: OperationName,
  need: RequiredPermission,
): boolean {
  if (need.resourceType === "o") return true;
  if (resource === "container") return operation === "ListBlobs";
  return resource === "share" && operation === "ListDirectoriesAndFiles";
}

/** Returns true if public access allows the operation (page "Configure anonymous read access"). */
export function isPublicRead(
  operation: OperationName,
  publicAccess: "container" | "blob" | null | undefined,
): boolean {
  const blobReads = ["GetBlob", "GetBlobProperties", "GetBlockList", "GetPageRanges"];
  const containerReads = ["GetContainerProperties", "ListBlobs"];
  if (publicAccess === "container") return [...blobReads, ...containerReads].includes(operation);
  return publicAccess === "blob" && blobReads.includes(operation);
}
