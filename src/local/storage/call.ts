import type { Caller } from "./authorization.ts";
import type { Blob } from "./blob-rows.ts";
import { findBlob } from "./blob-rows.ts";
import { findContainer, type Container } from "./container-rows.ts";
import type { AccountSettings } from "./account-settings.ts";
import type { CopySettings } from "./copy-settings.ts";
import { StorageError } from "./errors.ts";
import type { OperationName } from "./operation.ts";
import type { Resource, ServiceName, StorageAnswer, StorageRequest } from "./request.ts";
import type { RoleAssignment } from "./roles.ts";
import type { WebLook } from "./web-object.ts";
import type { Store } from "./store.ts";

/** One authorized request at one moment, inside its transaction. */
export type Call = {
  request: StorageRequest;
  operation: OperationName;
  store: Store;
  /** Epoch ms; the same for everything the request does. */
  now: number;
  caller: Caller;
  copies: CopySettings;
  /** Of the identity that tokens are for. */
  roles: readonly RoleAssignment[];
  /** `http://host:port` of this emulator's own endpoints, or `https`. */
  ownOrigins: Readonly<Record<ServiceName, string>>;
  /** Of the account that the request is about. */
  accountSettings: AccountSettings;
  /** What a copy source outside of Storage answered, once it was asked. */
  webSource?: WebLook;
};

/** Carries out one REST operation, or throws a StorageError. */
export type Operation = (call: Call) => StorageAnswer;

/** The account, container and blob of a request that `operation.ts` found to be about a blob. */
export function blobAddress(resource: Resource): Extract<Resource, { level: "blob" }> {
  if (resource.level !== "blob") throw new StorageError("InvalidUri");
  return resource;
}

export function containerAddress(resource: Resource): { account: string; container: string } {
  if (resource.level !== "container" && resource.level !== "blob") {
    throw new StorageError("InvalidUri");
  }
  return resource;
}

export function requireContainer(call: Call): Container {
  const { account, container } = containerAddress(call.request.resource);
  const found = findContainer(call.store, account, container);
  if (found === undefined) throw new StorageError("ContainerNotFound");
  return found;
}

/** The blob, snapshot or version that a request names, if there is one, and the container that must be there. */
export function findTarget(call: Call): { container: Container; name: string; blob?: Blob } {
  const container = requireContainer(call);
  const { blob: name } = blobAddress(call.request.resource);
  const blob = findBlob(call.store, container.id, name, readImage(call.request.query));
  return { container, name, ...(blob && { blob }) };
}

/** Which state of a blob a query names: a snapshot, a version, or (neither) the current one. */
export function readImage(query: StorageRequest["query"]): {
  snapshot: string | undefined;
  versionId: string | undefined;
} {
  const image = { snapshot: query.get("snapshot"), versionId: query.get("versionid") };
  if (image.snapshot === undefined || image.versionId === undefined) return image;
  throw new StorageError("InvalidQueryParameterValue", {
    message: "A request names a snapshot or a version, not both.",
    details: { QueryParameterName: "versionid", QueryParameterValue: image.versionId },
  });
}

export function requireBlob(call: Call): Blob {
  const { blob } = findTarget(call);
  if (blob === undefined) throw new StorageError("BlobNotFound");
  return blob;
}
