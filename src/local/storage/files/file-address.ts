import type { Call } from "../calls/operation-call.ts";
import { StorageError } from "../http/rest-errors.ts";
import type { Resource } from "../http/storage-request.ts";
import type { Store } from "../store/store.ts";
import { findDirectory, findFile, type Directory, type File } from "../store/file-rows.ts";
import { readBoolean, type Headers } from "../http/request-headers.ts";
import { normalizePath, parentPath } from "../store/file-paths.ts";
import { findShare, type Share } from "../store/share-rows.ts";

/** What a path names, if there is something, and the directory that must be there. */
export type Target = { share: Share; path: string; parent: Directory; file?: File };

/** The share or share snapshot that a request is about. */
export function requireShare(call: Call): Share {
  const { resource, query } = call.request;
  return requireShareAt(call.store, shareAddress(resource, query.get("sharesnapshot")));
}

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

/** The path in the request's URL, empty for the root directory. */
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

/** Where a file may be written: its directory is there, and no directory has its path. */
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

/** The file that a request names, for a read. */
export function requireFile(call: Call): File {
  requireRequestIntent(call.request.headers);
  return requireFileAt(call.store, requireShare(call), requestedPath(call));
}

/** Throws as the service does: the path's directory missing, the file itself, or no file at all. */
export function requireFileAt(store: Store, share: Share, path: string): File {
  const { file } = requireTargetAt(store, share, path);
  if (file === undefined) throw new StorageError("ResourceNotFound");
  return file;
}

/** The file that a request names, for a change. */
export function requireFileForWrite(call: Call): File {
  refuseSnapshot(call);
  return requireFile(call);
}

/** A share snapshot never changes (REST page "Snapshot Share"). */
export function refuseSnapshot({ request }: Call): void {
  if (request.query.has("sharesnapshot")) {
    throw new StorageError("ShareSnapshotOperationNotSupported");
  }
}

/** `x-ms-file-request-intent`: the one word that it may be. What it grants is for tokens alone. */
export function requireRequestIntent(headers: Headers): void {
  const intent = headers["x-ms-file-request-intent"];
  if (intent === undefined || intent.toLowerCase() === "backup") return;
  throw new StorageError("InvalidHeaderValue", {
    details: { HeaderName: "x-ms-file-request-intent", HeaderValue: intent },
  });
}
