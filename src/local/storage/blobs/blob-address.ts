import { findBlob, type Blob } from "../store/blob-rows.ts";
import type { Call } from "../calls/operation-call.ts";
import { findContainer, type Container } from "../store/container-rows.ts";
import { StorageError } from "../http/rest-errors.ts";
import { readParameter, type Resource, type StorageRequest } from "../http/storage-request.ts";

/** The account, container and blob in the URL of a request for a blob. */
export function blobAddress(resource: Resource): Extract<Resource, { level: "blob" }> {
  if (resource.level !== "blob") throw new StorageError("InvalidUri");
  return resource;
}

/** The account and container in the URL of a request for a container or blob. */
export function containerAddress(resource: Resource): { account: string; container: string } {
  if (resource.level !== "container" && resource.level !== "blob") {
    throw new StorageError("InvalidUri");
  }
  return resource;
}

/** The container of the request. Throws `ContainerNotFound`. */
export function requireContainer(call: Call): Container {
  const { account, container } = containerAddress(call.request.resource);
  const found = findContainer(call.store, account, container);
  if (found === undefined) throw new StorageError("ContainerNotFound");
  return found;
}

/** The requested blob, snapshot or version if it exists, and its container, which must exist. */
export function findTarget(call: Call): { container: Container; name: string; blob?: Blob } {
  const container = requireContainer(call);
  const { blob: name } = blobAddress(call.request.resource);
  const blob = findBlob(call.store, container.id, name, readRevision(call.request.query));
  return { container, name, ...(blob && { blob }) };
}

/** The revision of a blob that a query selects: a snapshot, a version, or by default the current blob. */
export function readRevision(query: StorageRequest["query"]): {
  snapshot: string | undefined;
  versionId: string | undefined;
} {
  const revision = {
    snapshot: readParameter(query, "snapshot"),
    versionId: readParameter(query, "versionid"),
  };
  if (revision.snapshot === undefined || revision.versionId === undefined) return revision;
  throw new StorageError("InvalidQueryParameterValue", {
    message: "A request cannot select both a snapshot and a version.",
    details: { QueryParameterName: "versionid", QueryParameterValue: revision.versionId },
  });
}

/** The requested blob, snapshot or version. Throws `BlobNotFound`. */
export function requireBlob(call: Call): Blob {
  const { blob } = findTarget(call);
  if (blob === undefined) throw new StorageError("BlobNotFound");
  return blob;
}
