import {
  findBlobNames,
  findBlob,
  findFormerVersions,
  findSnapshots,
  isCurrent,
  type Blob,
} from "../store/blob-rows.ts";
import type { Container } from "../store/container-rows.ts";
import { appendHeaders } from "./append-blobs.ts";
import { httpDate } from "../http/http-dates.ts";
import { requireContainer } from "./blob-address.ts";
import type { Call } from "../calls/operation-call.ts";
import { copyHeaders } from "../pending-copies/copy-headers.ts";
import { describeLease } from "../leases/lease-rules.ts";
import { readInclude, readListPage, serviceEndpoint } from "../calls/listing-page.ts";
import type { StorageResponse } from "../http/storage-request.ts";
import type { Store } from "../store/store.ts";
import { immutabilityHeaders } from "./immutability.ts";
import { sequenceHeader } from "./page-blobs.ts";
import { tagCount } from "./blob-reads.ts";
import { tagSetElement } from "./blob-tags.ts";
import { describeTier } from "./access-tiers.ts";
import { element, elements, isUnwritable, renderXml, type Element } from "../http/xml.ts";

/** REST page "List Blobs": flat, or one level with a delimiter. */
export function listBlobs(call: Call): StorageResponse {
  const { request } = call;
  const container = requireContainer(call);
  const page = readListPage(request);
  const prefix = request.query.get("prefix") ?? "";
  const delimiter = request.query.get("delimiter") ?? "";
  // Since version 2026-02-06. Inclusive; a marker continues after it.
  const startFrom = request.query.get("startfrom") ?? "";
  const include = readInclude(call, {
    known: [
      "copy",
      "deleted",
      "immutabilitypolicy",
      "legalhold",
      "metadata",
      "snapshots",
      "tags",
      "versions",
    ],
    notImplemented: ["deletedwithversions", "permissions", "uncommittedblobs"],
  });

  const entries: Entry[] = [];
  let next: string | undefined;
  for (const found of scanNames(call.store, {
    container,
    prefix,
    delimiter,
    from: page.from > startFrom ? page.from : startFrom,
    withDeleted: include.has("versions"),
  })) {
    const revisions = found.kind === "prefix" ? [found] : findRevisions(call, found, include);
    if (revisions.length > 0 && entries.length >= page.limit) {
      next = found.name;
      break;
    }
    // A page can exceed its limit by snapshots and versions, because a marker is a blob name.
    entries.push(...revisions);
  }
  const rendered = entries.map((entry) =>
    entry.kind === "prefix"
      ? element("BlobPrefix", [nameElement(entry.name)])
      : blobElement(call, entry.blob, include),
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

/** The requested revisions of one blob name, in the service's order. */
function findRevisions(
  { store }: Call,
  { name, container }: { name: string; container: number },
  include: ReadonlySet<string>,
): Entry[] {
  const current = findBlob(store, container, name);
  return [
    ...(include.has("snapshots") ? findSnapshots(store, { container, name }) : []),
    ...(include.has("versions") ? findFormerVersions(store, { container, name }) : []),
    ...(current ? [current] : []),
  ].map((blob) => ({ kind: "blob", name, blob }));
}

/** Yields names in order, in batches as needed. All names with the same prefix up to the delimiter are one step. */
function* scanNames(
  store: Store,
  { container, prefix, delimiter, from, withDeleted }: NameScan,
): Generator<ScannedName, void, undefined> {
  let next = from > prefix ? from : prefix;
  for (;;) {
    const names = findBlobNames(store, {
      container: container.id,
      from: next,
      limit: batchSize,
      withDeleted,
    });
    if (names.length === 0) return;
    for (const name of names) {
      if (!name.startsWith(prefix)) return;
      const end = delimiter === "" ? -1 : name.indexOf(delimiter, prefix.length);
      if (end >= 0) {
        const group = name.slice(0, end + delimiter.length);
        yield { kind: "prefix", name: group };
        next = group + afterAll;
        break;
      }
      yield { kind: "blob", name, container: container.id };
      next = name + justAfter;
    }
  }
}

type ScannedName =
  | { kind: "prefix"; name: string }
  | { kind: "blob"; name: string; container: number };
type NameScan = {
  container: Container;
  prefix: string;
  delimiter: string;
  from: string;
  withDeleted: boolean;
};

const batchSize = 200;
/** Appended to a name: the next possible name, and a name after all names with this prefix. */
const justAfter = "\u0000";
const afterAll = "\u{10ffff}";

/** A name that XML cannot represent is percent-encoded, with `Encoded="true"` (since version 2021-02-12). */
function nameElement(name: string): Element {
  return isUnwritable(name)
    ? element("Name", encodeURIComponent(name), { Encoded: "true" })
    : element("Name", name);
}

function blobElement(call: Call, blob: Blob, include: ReadonlySet<string>): Element {
  const lease = describeLease(blob.lease, call.now);
  const { contentHeaders } = blob;
  const tier = describeTier(blob, call.now);
  const immutability = immutabilityHeaders(blob);
  const copy = include.has("copy") ? copyHeaders(call.store, blob, call.now) : {};
  return element("Blob", [
    nameElement(blob.name),
    ...elements({
      Snapshot: blob.snapshot === "" ? undefined : blob.snapshot,
      VersionId: blob.versionId ?? undefined,
      IsCurrentVersion: blob.versionId !== null && blob.formerVersion === "" ? "true" : undefined,
    }),
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
        ...sequenceHeader(blob),
        BlobType: blob.blobType,
        AccessTier: tier.accessTier,
        AccessTierInferred: tier.isInferred,
        ArchiveStatus: tier.archiveStatus,
        RehydratePriority: tier.rehydratePriority,
        AccessTierChangeTime: tier.changedAt,
        Sealed: appendHeaders(call, blob)["x-ms-blob-sealed"],
        ...(isCurrent(blob) && {
          LeaseStatus: lease.status,
          LeaseState: lease.state,
          LeaseDuration: lease.duration,
        }),
        CopyId: copy["x-ms-copy-id"],
        CopyStatus: copy["x-ms-copy-status"],
        CopySource: copy["x-ms-copy-source"],
        CopyProgress: copy["x-ms-copy-progress"],
        CopyCompletionTime: copy["x-ms-copy-completion-time"],
        CopyStatusDescription: copy["x-ms-copy-status-description"],
        ServerEncrypted: "true",
        TagCount: tagCount(blob),
        ...(include.has("immutabilitypolicy") && {
          ImmutabilityPolicyUntilDate: immutability["x-ms-immutability-policy-until-date"],
          ImmutabilityPolicyMode: immutability["x-ms-immutability-policy-mode"],
        }),
        ...(include.has("legalhold") && { LegalHold: immutability["x-ms-legal-hold"] }),
      }),
    ),
    ...(include.has("metadata") ? [element("Metadata", elements(blob.metadata))] : []),
    ...(include.has("tags") && tagCount(blob) !== undefined
      ? [element("Tags", [tagSetElement(blob.tags)])]
      : []),
  ]);
}
