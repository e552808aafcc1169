import { findBlob, type Blob } from "../store/blob-rows.ts";
import type { Call } from "../calls/operation-call.ts";
import { findContainer, type Container } from "../store/container-rows.ts";
import { StorageError } from "../http/rest-errors.ts";
import type { Resource, StorageRequest } from "../http/storage-request.ts";

/** The account, container and blob of a request that `rest-operation.ts` found to be about a blob. */
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
  const blob = findBlob(call.store, container.id, name, readRevision(call.request.query));
  return { container, name, ...(blob && { blob }) };
}

/** Which state of a blob a query names: a snapshot, a version, or (neither) the current one. */
export function readRevision(query: StorageRequest["query"]): {
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
