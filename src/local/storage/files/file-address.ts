import type { Call } from "../calls/operation-call.ts";
import { StorageError } from "../http/rest-errors.ts";
import { readParameter, type Resource } from "../http/storage-request.ts";
import type { Store } from "../store/store.ts";
import { findDirectory, findFile, type Directory, type File } from "../store/file-rows.ts";
import { readBoolean, type Headers } from "../http/request-headers.ts";
import { normalizePath, parentPath } from "../store/file-paths.ts";
import { findShare, type Share } from "../store/share-rows.ts";

/** The file at a path if it exists, and its directory, which must exist. */
export type Target = { share: Share; path: string; parent: Directory; file?: File };

/** The requested share or share snapshot. */
export function requireShare(call: Call): Share {
  const { resource, query } = call.request;
  return requireShareAt(call.store, shareAddress(resource, query.get("sharesnapshot")));
}

/** Throws `ShareNotFound` or `ShareSnapshotNotFound`. */
export function requireShareAt(
  store: Store,
  address: { account: string; name: string; snapshot: string },
): Share {
  const share = findShare(store, address);
  if (share === undefined) {
    throw new StorageError(address.snapshot === "" ? "ShareNotFound" : "ShareSnapshotNotFound");
  }
  return share;
}

export function shareAddress(resource: Resource, snapshot = "") {
  if (resource.level !== "share" && resource.level !== "file") throw new StorageError("InvalidUri");
  return { account: resource.account, name: resource.share, snapshot };
}

/** The path in the request's URL; empty for the root directory. */
export function requestedPath({ request }: Call): string {
  return parsePath(
    request.resource,
    readBoolean(request.headers, "x-ms-allow-trailing-dot") ?? false,
  );
}

export function parsePath(resource: Resource, allowTrailingDot: boolean): string {
  if (resource.level === "share") return "";
  if (resource.level !== "file") throw new StorageError("InvalidUri");
  return normalizePath(resource.path, { allowTrailingDot });
}

/** The target of a write: its directory must exist, and no directory may have its path. */
export function requireWritableTarget(call: Call): Target {
  refuseSnapshot(call);
  const target = requireTargetAt(call.store, requireShare(call), requestedPath(call));
  requireRequestIntent(call.request.headers);
  return target;
}

function requireTargetAt(store: Store, share: Share, path: string): Target {
  const parent = findDirectory(store, share.id, parentPath(path));
  if (parent === undefined) throw new StorageError("ParentNotFound");
  if (findDirectory(store, share.id, path) !== undefined) {
    throw new StorageError("ResourceTypeMismatch");
  }
  const file = findFile(store, share.id, path);
  return { share, path, parent, ...(file && { file }) };
}

/** The requested file, for a read. */
export function requireFile(call: Call): File {
  requireRequestIntent(call.request.headers);
  return requireFileAt(call.store, requireShare(call), requestedPath(call));
}

/** Throws `ParentNotFound`, `ResourceTypeMismatch` (a directory has this path) or `ResourceNotFound`. */
export function requireFileAt(store: Store, share: Share, path: string): File {
  const { file } = requireTargetAt(store, share, path);
  if (file === undefined) throw new StorageError("ResourceNotFound");
  return file;
}

/** The requested file, for a write. */
export function requireFileForWrite(call: Call): File {
  refuseSnapshot(call);
  return requireFile(call);
}

/** Share snapshots are read-only (REST page "Snapshot Share"). */
export function refuseSnapshot({ request }: Call): void {
  if (readParameter(request.query, "sharesnapshot") !== undefined) {
    throw new StorageError("ShareSnapshotOperationNotSupported");
  }
}

/** Throws unless `x-ms-file-request-intent` is absent or `backup`. Only tokens require the header. */
export function requireRequestIntent(headers: Headers): void {
  const intent = headers["x-ms-file-request-intent"];
  if (intent === undefined || intent.toLowerCase() === "backup") return;
  throw new StorageError("InvalidHeaderValue", {
    details: { HeaderName: "x-ms-file-request-intent", HeaderValue: intent },
  });
}
