import { blobsFrom, snapshotsOf, type Blob, type Container } from "./blob-rows.ts";
import { httpDate, requireContainer, type Call } from "./call.ts";
import { copyHeaders } from "./copy-headers.ts";
import { StorageError } from "./errors.ts";
import { describeLease } from "./lease-rules.ts";
import { listPage, serviceEndpoint } from "./listing-page.ts";
import type { StorageAnswer } from "./request.ts";
import type { Store } from "./store.ts";
import { defaultAccessTier } from "./writes.ts";
import { element, elements, isUnwritable, renderXml, type Element } from "./xml.ts";

/** REST page "List Blobs": flat, or with a delimiter one level at a time. */
export function listBlobs(call: Call): StorageAnswer {
  const { request } = call;
  const container = requireContainer(call);
  const page = listPage(request);
  const prefix = request.query.get("prefix") ?? "";
  const delimiter = request.query.get("delimiter") ?? "";
  const include = readInclude(request.query.get("include"));

  const entries: Entry[] = [];
  let next: string | undefined;
  for (const entry of walk(call.store, { container, prefix, delimiter, from: page.from })) {
    if (entries.length >= page.limit) {
      next = entry.name;
      break;
    }
    entries.push(entry);
    // A page may grow by the snapshots of its blobs: markers point between names.
    if (entry.kind === "blob" && include.has("snapshots")) {
      const snapshots = snapshotsOf(call.store, entry.blob);
      entries.splice(-1, 0, ...snapshots.map((blob) => ({ ...entry, blob })));
    }
  }
  const rendered = entries.map((entry) =>
    entry.kind === "prefix"
      ? element("BlobPrefix", [nameElement(entry.name)])
      : describe(call, entry.blob, include),
  );
  return {
    status: 200,
    headers: { "Content-Type": "application/xml" },
    body: renderXml(
      element(
        "EnumerationResults",
        [
          ...page.echo,
          element("Blobs", rendered),
          element("NextMarker", next === undefined ? "" : page.markerFor(next)),
        ],
        { ServiceEndpoint: serviceEndpoint(call), ContainerName: container.name },
      ),
    ),
  };
}

type Entry = { kind: "prefix"; name: string } | { kind: "blob"; name: string; blob: Blob };

/**
 * Datasets that may be asked for. Of those that this emulator has none of (versions, tags)
 * there is nothing to add; those that it would hide are refused.
 */
function readInclude(include: string | undefined): ReadonlySet<string> {
  const wanted = new Set((include ?? "").split(",").filter((name) => name !== ""));
  if (wanted.has("uncommittedblobs")) {
    throw new StorageError("NotImplemented", {
      message: "List Blobs with include=uncommittedblobs is not implemented by this emulator",
    });
  }
  return wanted;
}

/** Reads on as long as somebody asks, a group below a delimiter as one step. */
function* walk(
  store: Store,
  { container, prefix, delimiter, from }: Walk,
): Generator<Entry, void, undefined> {
  let next = from > prefix ? from : prefix;
  for (;;) {
    const blobs = blobsFrom(store, { container: container.id, from: next, limit: batchSize });
    if (blobs.length === 0) return;
    for (const blob of blobs) {
      if (!blob.name.startsWith(prefix)) return;
      const end = delimiter === "" ? -1 : blob.name.indexOf(delimiter, prefix.length);
      if (end >= 0) {
        const group = blob.name.slice(0, end + delimiter.length);
        yield { kind: "prefix", name: group };
        next = group + afterAll;
        break;
      }
      yield { kind: "blob", name: blob.name, blob };
      next = blob.name + justAfter;
    }
  }
}

type Walk = { container: Container; prefix: string; delimiter: string; from: string };

const batchSize = 200;
/** Appended to a name: the next possible one, and one behind all that begin with it. */
const justAfter = "\u0000";
const afterAll = "\u{10ffff}";

/** A name that XML cannot hold is percent-encoded and says so (since version 2021-02-12). */
function nameElement(name: string): Element {
  return isUnwritable(name)
    ? element("Name", encodeURIComponent(name), { Encoded: "true" })
    : element("Name", name);
}

function describe(call: Call, blob: Blob, include: ReadonlySet<string>): Element {
  const lease = describeLease(blob.lease, call.now);
  const { contentHeaders } = blob;
  const copy = include.has("copy") ? copyHeaders(call.store, blob, call.now) : {};
  return element("Blob", [
    nameElement(blob.name),
    ...(blob.snapshot === "" ? [] : [element("Snapshot", blob.snapshot)]),
    element(
      "Properties",
      elements({
        "Creation-Time": httpDate(blob.createdAt),
        "Last-Modified": httpDate(blob.lastModified),
        Etag: blob.etag,
        "Content-Length": String(blob.length),
        "Content-Type": contentHeaders.contentType ?? "",
        "Content-Encoding": contentHeaders.contentEncoding ?? "",
        "Content-Language": contentHeaders.contentLanguage ?? "",
        "Content-CRC64": "",
        "Content-MD5": contentHeaders.contentMD5 ?? "",
        "Cache-Control": contentHeaders.cacheControl ?? "",
        "Content-Disposition": contentHeaders.contentDisposition ?? "",
        BlobType: blob.blobType,
        AccessTier: blob.accessTier ?? defaultAccessTier,
        AccessTierInferred: blob.accessTier === null ? "true" : undefined,
        LeaseStatus: lease.status,
        LeaseState: lease.state,
        LeaseDuration: lease.duration,
        CopyId: copy["x-ms-copy-id"],
        CopyStatus: copy["x-ms-copy-status"],
        CopySource: copy["x-ms-copy-source"],
        CopyProgress: copy["x-ms-copy-progress"],
        CopyCompletionTime: copy["x-ms-copy-completion-time"],
        CopyStatusDescription: copy["x-ms-copy-status-description"],
        ServerEncrypted: "true",
      }),
    ),
    ...(include.has("metadata") ? [element("Metadata", elements(blob.metadata))] : []),
  ]);
}
