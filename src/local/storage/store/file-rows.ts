import type { ContentHeaders, Copy } from "./blob-rows.ts";
import type { Lease } from "../leases/lease-rules.ts";
import type { Metadata } from "../http/storage-request.ts";
import type { Store } from "./store.ts";
import { parentKey, pathKey } from "./file-paths.ts";

/** `lastModified` is epoch ms in whole seconds, `etag` has no quotes. */
export type Directory = {
  service: "file";
  kind: "directory";
  id: number;
  /** Id of the share or share snapshot. */
  share: number;
  /** Spelled as created; empty for the root directory. */
  path: string;
  etag: string;
  lastModified: number;
  metadata: Metadata;
  system: SystemProperties;
};

export type File = Omit<Directory, "kind"> & {
  kind: "file";
  /** Null for an empty file. */
  content: number | null;
  length: number;
  contentHeaders: ContentHeaders;
  lease: Lease;
  copy: Copy | null;
};

/** Properties that the share's protocol stores for every file. Times are ISO 8601 with 100 ns. */
export type SystemProperties = {
  creationTime: string;
  lastWriteTime: string;
  changeTime: string;
} & (
  | { protocol: "SMB"; attributes: string; permissionKey: string }
  | { protocol: "NFS"; owner: string; group: string; mode: string }
);

export function findFile(store: Store, share: number, path: string): File | undefined {
  const row = store.one<FileRow>(
    "SELECT * FROM file WHERE share = ? AND path_key = ?",
    share,
    pathKey(path),
  );
  return row && parseFileRow(row);
}

export function findFileById(store: Store, id: number): File | undefined {
  const row = store.one<FileRow>("SELECT * FROM file WHERE id = ?", id);
  return row && parseFileRow(row);
}

export function findDirectory(store: Store, share: number, path: string): Directory | undefined {
  const row = store.one<DirectoryRow>(
    "SELECT * FROM directory WHERE share = ? AND path_key = ?",
    share,
    pathKey(path),
  );
  return row && parseDirectoryRow(row);
}

export function findFiles(store: Store, share: number): File[] {
  return store.all<FileRow>("SELECT * FROM file WHERE share = ?", share).map(parseFileRow);
}

export function findDirectories(store: Store, share: number): Directory[] {
  return store
    .all<DirectoryRow>("SELECT * FROM directory WHERE share = ?", share)
    .map(parseDirectoryRow);
}

/** The files and directories directly in a directory, in the order of their names. */
export function findEntries(store: Store, { share, path }: Directory): (Directory | File)[] {
  const key = pathKey(path);
  const rows = (table: "directory" | "file") =>
    `SELECT * FROM ${table} WHERE share = ? AND parent_key = ?`;
  const entries = [
    ...store.all<DirectoryRow>(rows("directory"), share, key).map(parseDirectoryRow),
    ...store.all<FileRow>(rows("file"), share, key).map(parseFileRow),
  ];
  return entries.toSorted((one, other) => (pathKey(one.path) < pathKey(other.path) ? -1 : 1));
}

/** Inserts the file, or replaces the file with this path and keeps its id. Returns the id. */
export function saveFile(store: Store, file: Omit<File, "id">): number {
  store.run(
    `INSERT INTO file (share, path, path_key, parent_key, etag, modified_at, content, length,
       content_headers, metadata, system, lease, copy)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (share, path_key) DO UPDATE SET path = excluded.path, etag = excluded.etag,
       modified_at = excluded.modified_at, content = excluded.content, length = excluded.length,
       content_headers = excluded.content_headers, metadata = excluded.metadata,
       system = excluded.system, lease = excluded.lease, copy = excluded.copy`,
    file.share,
    file.path,
    pathKey(file.path),
    parentKey(file.path),
    file.etag,
    file.lastModified,
    file.content,
    file.length,
    JSON.stringify(file.contentHeaders),
    JSON.stringify(file.metadata),
    JSON.stringify(file.system),
    JSON.stringify(file.lease),
    file.copy && JSON.stringify(file.copy),
  );
  return findFile(store, file.share, file.path)?.id ?? 0;
}

/** Inserts the directory, or replaces the directory with this path and keeps its id. Returns the id. */
export function saveDirectory(store: Store, directory: Omit<Directory, "id">): number {
  store.run(
    `INSERT INTO directory (share, path, path_key, parent_key, etag, modified_at, metadata, system)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (share, path_key) DO UPDATE SET etag = excluded.etag,
       modified_at = excluded.modified_at, metadata = excluded.metadata, system = excluded.system`,
    directory.share,
    directory.path,
    pathKey(directory.path),
    directory.path === "" ? null : parentKey(directory.path),
    directory.etag,
    directory.lastModified,
    JSON.stringify(directory.metadata),
    JSON.stringify(directory.system),
  );
  return findDirectory(store, directory.share, directory.path)?.id ?? 0;
}

type DirectoryRow = {
  id: number;
  share: number;
  path: string;
  etag: string;
  modified_at: number;
  metadata: string;
  system: string;
};

type FileRow = DirectoryRow & {
  content: number | null;
  length: number;
  content_headers: string;
  lease: string;
  copy: string | null;
};

/** The JSON columns parse to the types of Directory and File because they were written from them. */
function parseDirectoryRow(row: DirectoryRow): Directory {
  return {
    service: "file",
    kind: "directory",
    id: row.id,
    share: row.share,
    path: row.path,
    etag: row.etag,
    lastModified: row.modified_at,
    metadata: JSON.parse(row.metadata),
    system: JSON.parse(row.system),
  };
}

function parseFileRow(row: FileRow): File {
  return {
    ...parseDirectoryRow(row),
    kind: "file",
    content: row.content,
    length: row.length,
    contentHeaders: JSON.parse(row.content_headers),
    lease: JSON.parse(row.lease),
    copy: row.copy === null ? null : JSON.parse(row.copy),
  };
}
