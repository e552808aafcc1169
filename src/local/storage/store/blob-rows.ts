import type { Lease } from "../leases/lease-rules.ts";
import type { Metadata } from "../http/storage-request.ts";
import type { Store } from "./store.ts";

/**
 * A committed blob, a snapshot of one, or a former version. Times are epoch ms; `lastModified` is
 * always a whole second.
 */
export type Blob = {
  service: "blob";
  id: number;
  container: number;
  name: string;
  /** The snapshot's time as in `?snapshot=`; empty for the base blob. Snapshots never change. */
  snapshot: string;
  /** The id of a former version; empty for the current one and for snapshots. Former versions never change. */
  formerVersion: string;
  /** `x-ms-version-id`; null if the account kept no versions when this blob was written. */
  versionId: string | null;
  blobType: BlobType;
  /** Without quotes. */
  etag: string;
  createdAt: number;
  lastModified: number;
  /** Null for an empty blob. */
  content: number | null;
  length: number;
  contentHeaders: ContentHeaders;
  metadata: Metadata;
  /** As requested; null for the account's default. `tierAt` returns the tier after a rehydration. */
  accessTier: string | null;
  /** When `accessTier` was set; null if no tier ever was. */
  tierChangedAt: number | null;
  rehydration: Rehydration | null;
  tags: Tags;
  immutability: Immutability;
  /** Page blobs only; 0 for others. */
  sequenceNumber: number;
  /** Append blobs only: no more blocks can be added. */
  isSealed: boolean;
  lease: Lease;
  copy: Copy | null;
};

export type BlobType = "BlockBlob" | "AppendBlob" | "PageBlob";

/** A rehydration from the archive tier, which takes hours. `doneAt` is epoch ms. */
export type Rehydration = { to: string; priority: "Standard" | "High"; doneAt: number };

export type Tags = Readonly<Record<string, string>>;

/** Protection against changes: a policy until a time (epoch ms), a legal hold, or both. */
export type Immutability = {
  policy: { until: number; mode: "unlocked" | "locked" } | null;
  hasLegalHold: boolean;
};

export type ContentHeaders = Partial<
  Record<
    "contentType" | "contentEncoding" | "contentLanguage" | "contentDisposition" | "cacheControl",
    string
  >
> & { contentMD5?: string };

/** The latest copy onto a blob. `source` has no signature. The progress of a pending copy is calculated. */
export type Copy = { id: string; source: string; total: number } & (
  | { status: "pending"; description: string | null }
  | { status: "success"; bytesCopied: number; completedAt: number }
  | { status: "aborted"; bytesCopied: number; completedAt: number }
  | { status: "failed"; bytesCopied: number; completedAt: number; description: string }
);

/** The current blob, one of its snapshots, or one of its versions (current or former). */
export function findBlob(
  store: Store,
  container: number,
  name: string,
  {
    snapshot = "",
    versionId,
  }: { snapshot?: string | undefined; versionId?: string | undefined } = {},
): Blob | undefined {
  const select = `SELECT * FROM blob WHERE container = ? AND name = ? AND snapshot = ?`;
  const row =
    versionId === undefined
      ? store.one<BlobRow>(`${select} AND former_version = ''`, container, name, snapshot)
      : store.one<BlobRow>(`${select} AND version_id = ?`, container, name, snapshot, versionId);
  return row && parseBlobRow(row);
}

export function findBlobById(store: Store, id: number): Blob | undefined {
  const row = store.one<BlobRow>("SELECT * FROM blob WHERE id = ?", id);
  return row && parseBlobRow(row);
}

/** False for a snapshot and for a former version. Only a current blob can be leased. */
export function isCurrent({ snapshot, formerVersion }: Blob): boolean {
  return snapshot === "" && formerVersion === "";
}

/** The snapshots of a base blob, oldest first. */
export function findSnapshots(store: Store, base: Pick<Blob, "container" | "name">): Blob[] {
  return store
    .all<BlobRow>(
      "SELECT * FROM blob WHERE container = ? AND name = ? AND snapshot <> '' ORDER BY snapshot",
      base.container,
      base.name,
    )
    .map(parseBlobRow);
}

/** The former versions of a blob name, oldest first. */
export function findFormerVersions(store: Store, blob: Pick<Blob, "container" | "name">): Blob[] {
  return store
    .all<BlobRow>(
      `SELECT * FROM blob WHERE container = ? AND name = ? AND former_version <> ''
       ORDER BY former_version`,
      blob.container,
      blob.name,
    )
    .map(parseBlobRow);
}

/** Blob names of a container in order, beginning with `from`. */
export function findBlobNames(
  store: Store,
  { container, from, limit, withDeleted }: NamePage,
): string[] {
  return store
    .all<{ name: string }>(
      `SELECT DISTINCT name FROM blob WHERE container = ? AND name >= ?
       AND (former_version = '' OR ?) ORDER BY name LIMIT ?`,
      container,
      from,
      Number(withDeleted),
      limit,
    )
    .map(({ name }) => name);
}

type NamePage = {
  container: number;
  from: string;
  limit: number;
  /** Includes names that have only former versions. */
  withDeleted: boolean;
};

/** Inserts the blob, snapshot or version, or replaces the existing row and keeps its id. Returns the id. */
export function saveBlob(store: Store, blob: Omit<Blob, "id">): number {
  store.run(
    `INSERT INTO blob (container, name, snapshot, former_version, version_id, blob_type, etag,
       created_at, modified_at, content, length, content_headers, metadata, access_tier,
       tier_changed_at, rehydration, tags, immutability, sequence_number, is_sealed, lease, copy)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (container, name, snapshot, former_version) DO UPDATE SET
       version_id = excluded.version_id, blob_type = excluded.blob_type, etag = excluded.etag,
       created_at = excluded.created_at, modified_at = excluded.modified_at,
       content = excluded.content, length = excluded.length,
       content_headers = excluded.content_headers, metadata = excluded.metadata,
       access_tier = excluded.access_tier, tier_changed_at = excluded.tier_changed_at,
       rehydration = excluded.rehydration,
       tags = excluded.tags, immutability = excluded.immutability,
       sequence_number = excluded.sequence_number, is_sealed = excluded.is_sealed,
       lease = excluded.lease, copy = excluded.copy`,
    blob.container,
    blob.name,
    blob.snapshot,
    blob.formerVersion,
    blob.versionId,
    blob.blobType,
    blob.etag,
    blob.createdAt,
    blob.lastModified,
    blob.content,
    blob.length,
    JSON.stringify(blob.contentHeaders),
    JSON.stringify(blob.metadata),
    blob.accessTier,
    blob.tierChangedAt,
    blob.rehydration && JSON.stringify(blob.rehydration),
    JSON.stringify(blob.tags),
    JSON.stringify(blob.immutability),
    blob.sequenceNumber,
    Number(blob.isSealed),
    JSON.stringify(blob.lease),
    blob.copy && JSON.stringify(blob.copy),
  );
  const row = store.one<{ id: number }>(
    "SELECT id FROM blob WHERE container = ? AND name = ? AND snapshot = ? AND former_version = ?",
    blob.container,
    blob.name,
    blob.snapshot,
    blob.formerVersion,
  );
  return row?.id ?? 0;
}

type BlobRow = {
  id: number;
  container: number;
  name: string;
  snapshot: string;
  former_version: string;
  version_id: string | null;
  blob_type: BlobType;
  etag: string;
  created_at: number;
  modified_at: number;
  content: number | null;
  length: number;
  content_headers: string;
  metadata: string;
  access_tier: string | null;
  tier_changed_at: number | null;
  rehydration: string | null;
  tags: string;
  immutability: string;
  sequence_number: number;
  is_sealed: number;
  lease: string;
  copy: string | null;
};

/** The JSON columns parse to the types of Blob because saveBlob wrote them from a Blob. */
function parseBlobRow(row: BlobRow): Blob {
  return {
    service: "blob",
    id: row.id,
    container: row.container,
    name: row.name,
    snapshot: row.snapshot,
    formerVersion: row.former_version,
    versionId: row.version_id,
    blobType: row.blob_type,
    etag: row.etag,
    createdAt: row.created_at,
    lastModified: row.modified_at,
    content: row.content,
    length: row.length,
    contentHeaders: JSON.parse(row.content_headers),
    metadata: JSON.parse(row.metadata),
    accessTier: row.access_tier,
    tierChangedAt: row.tier_changed_at,
    rehydration: row.rehydration === null ? null : JSON.parse(row.rehydration),
    tags: JSON.parse(row.tags),
    immutability: JSON.parse(row.immutability),
    sequenceNumber: row.sequence_number,
    isSealed: row.is_sealed === 1,
    lease: JSON.parse(row.lease),
    copy: row.copy === null ? null : JSON.parse(row.copy),
  };
}
