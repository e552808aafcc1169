import { httpDate } from "../http/http-dates.ts";
import type { Call } from "../calls/operation-call.ts";
import { readInclude, readListPage, serviceEndpoint } from "../calls/listing-page.ts";
import type { StorageResponse } from "../http/storage-request.ts";
import { element, elements, renderXml, type Element } from "../http/xml.ts";
import { requireShare } from "./file-address.ts";
import { requireDirectory } from "./directories.ts";
import { findEntries, type Directory, type File } from "../store/file-rows.ts";
import { fileId } from "./file-ids.ts";
import { nameOf, pathKey } from "../store/file-paths.ts";

/** REST page "List Directories and Files": the entries of one directory, ordered by name without case. */
export function listDirectoriesAndFiles(call: Call): StorageResponse {
  const { request } = call;
  const share = requireShare(call);
  const directory = requireDirectory(call);
  const page = readListPage(request);
  const prefix = pathKey(request.query.get("prefix") ?? "");
  const include = readInclude(call, {
    known: ["attributes", "etag", "permissionkey", "timestamps"],
    notImplemented: [],
  });
  const withIds = request.headers["x-ms-file-extended-info"]?.toLowerCase() === "true";
  const found = findEntries(call.store, directory).filter((entry) => {
    const key = pathKey(nameOf(entry.path));
    return key.startsWith(prefix) && key >= page.from;
  });
  const next = found[page.limit];
  return {
    status: 200,
    headers: { "Content-Type": "application/xml" },
    body: renderXml(
      element(
        "EnumerationResults",
        [
          ...page.echo,
          element(
            "Entries",
            found.slice(0, page.limit).map((entry) => entryElement(entry, { include, withIds })),
          ),
          element(
            "NextMarker",
            next === undefined ? "" : page.markerFor(pathKey(nameOf(next.path))),
          ),
          ...(withIds ? [element("DirectoryId", fileId(directory))] : []),
        ],
        {
          ServiceEndpoint: serviceEndpoint(call),
          ShareName: share.name,
          ...(share.snapshot !== "" && { ShareSnapshot: share.snapshot }),
          DirectoryPath: directory.path,
        },
      ),
    ),
  };
}

function entryElement(
  entry: Directory | File,
  { include, withIds }: { include: ReadonlySet<string>; withIds: boolean },
): Element {
  const { system } = entry;
  const withTimes = include.has("timestamps");
  return element(entry.kind === "file" ? "File" : "Directory", [
    ...(withIds ? [element("FileId", fileId(entry))] : []),
    element("Name", nameOf(entry.path)),
    element(
      "Properties",
      elements({
        "Content-Length": entry.kind === "file" ? String(entry.length) : undefined,
        CreationTime: withTimes ? system.creationTime : undefined,
        LastAccessTime: withTimes ? system.lastWriteTime : undefined,
        LastWriteTime: withTimes ? system.lastWriteTime : undefined,
        ChangeTime: withTimes ? system.changeTime : undefined,
        "Last-Modified": withTimes ? httpDate(entry.lastModified) : undefined,
        Etag: include.has("etag") ? `"${entry.etag}"` : undefined,
      }),
    ),
    ...(include.has("attributes") && system.protocol === "SMB"
      ? [element("Attributes", system.attributes)]
      : []),
    ...(include.has("permissionkey") && system.protocol === "SMB"
      ? [element("PermissionKey", system.permissionKey)]
      : []),
  ]);
}
