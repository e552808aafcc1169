import { StorageError } from "../http/rest-errors.ts";
import type { OperationName } from "../http/rest-operation.ts";
import type { ServiceName } from "../http/storage-request.ts";
import type { Sas } from "./sas-verification.ts";

/** What an operation needs of a SAS: one of these letters; `c` where given makes new blobs only. */
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

/** What an operation needs; undefined for what neither a SAS nor a role on data gives. */
export function requiredPermission(operation: OperationName): RequiredPermission | undefined {
  return requiredPermissions[operation];
}

/** Throws the service's 403 unless the SAS allows the operation on what it is for. */
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

/** A service SAS opens blobs or files, and for all of them also their list; never what holds them. */
function isInScope(
  resource: Exclude<Sas, { kind: "account" }>["resource"],
  operation: OperationName,
  need: RequiredPermission,
): boolean {
  if (need.resourceType === "o") return true;
  if (resource === "container") return operation === "ListBlobs";
  return resource === "share" && operation === "ListDirectoriesAndFiles";
}

/** Reads that a container may allow to everybody (REST page "Configure anonymous read access"). */
export function isPublicRead(
  operation: OperationName,
  publicAccess: "container" | "blob" | null | undefined,
): boolean {
  const ofBlobs = ["GetBlob", "GetBlobProperties", "GetBlockList", "GetPageRanges"];
  const ofContainers = ["GetContainerProperties", "ListBlobs"];
  if (publicAccess === "container") return [...ofBlobs, ...ofContainers].includes(operation);
  return publicAccess === "blob" && ofBlobs.includes(operation);
}
