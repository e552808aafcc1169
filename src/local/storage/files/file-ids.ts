import type { Store } from "../store/store.ts";
import { findDirectory, type Directory, type File } from "../store/file-rows.ts";
import { parentPath } from "../store/file-paths.ts";

/** Unique among files and directories, whose row ids come from separate tables. */
export function fileId({ kind, id }: Pick<Directory | File, "kind" | "id">): string {
  return String(id * 2 + (kind === "file" ? 1 : 0));
}

/** `x-ms-file-id` and `x-ms-file-parent-id`. The parent id of the root directory is 0. */
export function idHeaders(
  store: Store,
  entry: Pick<Directory | File, "kind" | "id" | "share" | "path">,
): Record<string, string> {
  const parent =
    entry.path === "" ? undefined : findDirectory(store, entry.share, parentPath(entry.path));
  return {
    "x-ms-file-id": fileId(entry),
    "x-ms-file-parent-id": parent === undefined ? "0" : fileId(parent),
  };
}
