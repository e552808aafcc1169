import { stateHeaders } from "../http/state-headers.ts";
import { wholeSeconds } from "../http/http-dates.ts";
import type { Call } from "../calls/operation-call.ts";
import { StorageError } from "../http/rest-errors.ts";
import type { StorageResponse } from "../http/storage-request.ts";
import {
  refuseSnapshot,
  requestedPath,
  requireRequestIntent,
  requireShare,
} from "./file-address.ts";
import {
  findEntries,
  findDirectory,
  findFile,
  saveDirectory,
  type Directory,
} from "../store/file-rows.ts";
import { idHeaders } from "./file-ids.ts";
import { parentPath } from "../store/file-paths.ts";
import { newSystemProperties, systemHeaders } from "./system-properties.ts";

/** REST page "Create Directory". The parent directory must exist. */
export function createDirectory(call: Call): StorageResponse {
  const { request, store, now } = call;
  refuseSnapshot(call);
  requireRequestIntent(request.headers);
  const share = requireShare(call);
  const path = requestedPath(call);
  if (findDirectory(store, share.id, parentPath(path)) === undefined) {
    throw new StorageError("ParentNotFound");
  }
  if (findDirectory(store, share.id, path) !== undefined) {
    throw new StorageError("ResourceAlreadyExists");
  }
  if (findFile(store, share.id, path) !== undefined) throw new StorageError("ResourceTypeMismatch");
  const directory = {
    service: "file",
    kind: "directory",
    share: share.id,
    path,
    etag: store.nextEtag(),
    lastModified: wholeSeconds(now),
    metadata: request.metadata,
    system: newSystemProperties(call, share, "directory"),
  } as const;
  const id = saveDirectory(store, directory);
  return {
    status: 201,
    headers: {
      ...stateHeaders(directory),
      ...systemHeaders(directory.system),
      ...idHeaders(store, { ...directory, id }),
      "x-ms-request-server-encrypted": "true",
    },
  };
}

/** REST page "Get Directory Properties". */
export function getDirectoryProperties(call: Call): StorageResponse {
  const directory = requireDirectory(call);
  return {
    status: 200,
    headers: {
      ...stateHeaders(directory),
      ...systemHeaders(directory.system),
      ...idHeaders(call.store, directory),
      "x-ms-server-encrypted": "true",
      ...Object.fromEntries(
        Object.entries(directory.metadata).map(([name, value]) => [`x-ms-meta-${name}`, value]),
      ),
    },
  };
}

/** REST page "Delete Directory". The directory must be empty. */
export function deleteDirectory(call: Call): StorageResponse {
  refuseSnapshot(call);
  const directory = requireDirectory(call);
  if (findEntries(call.store, directory).length > 0) throw new StorageError("DirectoryNotEmpty");
  call.store.run("DELETE FROM directory WHERE id = ?", directory.id);
  return { status: 202 };
}

/** The requested directory. Throws `ParentNotFound`, `ResourceTypeMismatch` or `ResourceNotFound`. */
export function requireDirectory(call: Call): Directory {
  requireRequestIntent(call.request.headers);
  const share = requireShare(call);
  const path = requestedPath(call);
  const directory = findDirectory(call.store, share.id, path);
  if (directory !== undefined) return directory;
  if (findDirectory(call.store, share.id, parentPath(path)) === undefined) {
    throw new StorageError("ParentNotFound");
  }
  throw new StorageError(
    findFile(call.store, share.id, path) === undefined
      ? "ResourceNotFound"
      : "ResourceTypeMismatch",
  );
}
