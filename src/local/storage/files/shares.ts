import { httpDate, wholeSeconds } from "../http/http-dates.ts";
import { stateHeaders } from "../http/state-headers.ts";
import type { Call } from "../calls/operation-call.ts";
import { StorageError } from "../http/rest-errors.ts";
import { readInclude, readListPage, serviceEndpoint } from "../calls/listing-page.ts";
import { failureDescriptions, failCopiesReading } from "../pending-copies/pending-copies.ts";
import type { StorageResponse } from "../http/storage-request.ts";
import { nextTimeName } from "../store/time-names.ts";
import { element, elements, renderXml, type Element } from "../http/xml.ts";
import { refuseSnapshot, requireShare, shareAddress } from "./file-address.ts";
import { saveDirectory } from "../store/file-rows.ts";
import {
  invalidHeader,
  readWholeNumber,
  readKeyword,
  type Headers,
} from "../http/request-headers.ts";
import {
  copyShareContents,
  findShare,
  insertShare,
  findShares,
  findShareSnapshots,
  type Share,
} from "../store/share-rows.ts";
import { defaultSystemProperties } from "./system-properties.ts";

/** GiB: REST page "Create Share", `x-ms-share-quota`. */
const defaultQuotaGib = 5120;
const maxQuotaGib = 102_400;

/** REST page "List Shares". */
export function listShares(call: Call): StorageResponse {
  const { request, store } = call;
  const page = readListPage(request);
  const prefix = request.query.get("prefix") ?? "";
  const include = readInclude(call, {
    known: ["deleted", "metadata", "snapshots"],
    notImplemented: [],
  });
  const found = findShares(store, {
    account: request.resource.account,
    from: page.from > prefix ? page.from : prefix,
  }).filter(
    ({ name, snapshot }) =>
      name.startsWith(prefix) && (snapshot === "" || include.has("snapshots")),
  );
  // A marker is a share name, so a page contains all snapshots of its shares.
  const names = [...new Set(found.map(({ name }) => name))];
  const next = names[page.limit];
  const listed = found.filter(({ name }) => next === undefined || name < next);
  return {
    status: 200,
    headers: { "Content-Type": "application/xml" },
    body: renderXml(
      element(
        "EnumerationResults",
        [
          ...page.echo,
          element(
            "Shares",
            listed.map((share) => shareElement(share, include.has("metadata"))),
          ),
          element("NextMarker", next === undefined ? "" : page.markerFor(next)),
        ],
        { ServiceEndpoint: serviceEndpoint(call) },
      ),
    ),
  };
}

function shareElement(share: Share, withMetadata: boolean): Element {
  return element("Share", [
    element("Name", share.name),
    ...(share.snapshot === "" ? [] : [element("Snapshot", share.snapshot)]),
    element(
      "Properties",
      elements({
        "Last-Modified": httpDate(share.lastModified),
        Etag: `"${share.etag}"`,
        Quota: String(share.quotaGib),
        AccessTier: "TransactionOptimized",
        LeaseStatus: "unlocked",
        LeaseState: "available",
        EnabledProtocols: share.protocol,
      }),
    ),
    ...(withMetadata ? [element("Metadata", elements(share.metadata))] : []),
  ]);
}

/** REST page "Create Share". Also creates the root directory. */
export function createShare(call: Call): StorageResponse {
  const { request, store, now } = call;
  const address = shareAddress(request.resource);
  requireShareName(address.name);
  if (findShare(store, address) !== undefined) throw new StorageError("ShareAlreadyExists");
  const state = { etag: store.nextEtag(), lastModified: wholeSeconds(now) };
  const share = {
    ...address,
    ...state,
    quotaGib: readQuota(request.headers),
    protocol: readKeyword(request.headers, "x-ms-enabled-protocols", ["SMB", "NFS"]) ?? "SMB",
    metadata: request.metadata,
  } as const;
  const id = insertShare(store, share);
  saveDirectory(store, {
    service: "file",
    kind: "directory",
    share: id,
    path: "",
    ...state,
    metadata: {},
    system: defaultSystemProperties(call, { ...share, id }, "directory"),
  });
  return { status: 201, headers: stateHeaders(share) };
}

/** REST page "Naming and referencing shares, directories, files, and metadata". */
function requireShareName(name: string): void {
  if (name.length < 3 || name.length > 63) throw new StorageError("OutOfRangeInput");
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) throw new StorageError("InvalidResourceName");
}

function readQuota(headers: Headers): number {
  const name = "x-ms-share-quota";
  const quota = readWholeNumber(headers, name) ?? defaultQuotaGib;
  if (quota < 1 || quota > maxQuotaGib) throw invalidHeader(name, String(quota));
  return quota;
}

/** REST page "Get Share Properties". */
export function getShareProperties(call: Call): StorageResponse {
  const share = requireShare(call);
  return {
    status: 200,
    headers: {
      ...stateHeaders(share),
      "x-ms-share-quota": String(share.quotaGib),
      "x-ms-access-tier": "TransactionOptimized",
      "x-ms-enabled-protocols": share.protocol,
      "x-ms-lease-status": "unlocked",
      "x-ms-lease-state": "available",
      ...Object.fromEntries(
        Object.entries(share.metadata).map(([name, value]) => [`x-ms-meta-${name}`, value]),
      ),
    },
  };
}

/**
 * REST page "Snapshot Share": creates a read-only snapshot of the share's contents. Metadata of the request
 * replaces the share's in the snapshot.
 */
export function snapshotShare(call: Call): StorageResponse {
  const { request, store, now } = call;
  refuseSnapshot(call);
  const share = requireShare(call);
  const { id: _, ...base } = share;
  const snapshot = nextTimeName(findShareSnapshots(store, share).at(-1)?.snapshot ?? "", now);
  const hasMetadata = Object.keys(request.metadata).length > 0;
  const metadata = hasMetadata ? request.metadata : share.metadata;
  copyShareContents(store, share, insertShare(store, { ...base, snapshot, metadata }));
  return { status: 201, headers: { ...stateHeaders(share), "x-ms-snapshot": snapshot } };
}

/** REST page "Delete Share". A share with snapshots can only be deleted together with them. */
export function deleteShare(call: Call): StorageResponse {
  const share = requireShare(call);
  const which = readKeyword(call.request.headers, "x-ms-delete-snapshots", ["include"]);
  if (which !== undefined && share.snapshot !== "") {
    throw invalidHeader("x-ms-delete-snapshots", which);
  }
  const snapshots = share.snapshot === "" ? findShareSnapshots(call.store, share) : [];
  if (snapshots.length > 0 && which === undefined) throw new StorageError("ShareHasSnapshots");
  for (const deleted of [...snapshots, share]) remove(call, deleted);
  return { status: 202 };
}

/** Copies that read from its files fail; copies onto them are deleted. */
function remove({ store, now }: Call, share: Share): void {
  const sources = store.all<{ id: number }>(
    `SELECT id FROM file WHERE share = ?
       AND id IN (SELECT source FROM pending_copy WHERE source_service = 'file')`,
    share.id,
  );
  for (const { id } of sources) {
    failCopiesReading(
      store,
      { service: "file", id },
      { description: failureDescriptions.sourceGone, at: now },
    );
  }
  store.run("DELETE FROM share WHERE id = ?", share.id);
}
