import type { Lease } from "./lease-rules.ts";
import type { Metadata } from "./request.ts";
import type { Store } from "./store.ts";

export type Container = {
  id: number;
  account: string;
  name: string;
  etag: string;
  lastModified: number;
  /** Who may read without authorization: everything, each blob by its name, or nobody. */
  publicAccess: "container" | "blob" | null;
  metadata: Metadata;
};

/** A committed blob, or a snapshot of one. Times are epoch ms; `lastModified` is always a whole second. */
export type Blob = {
  id: number;
  container: number;
  name: string;
  /** When it was taken, as `?snapshot=` names it; empty for the base blob. Snapshots never change. */
  snapshot: string;
  blobType: "BlockBlob";
  /** Without quotes. */
  etag: string;
  createdAt: number;
  lastModified: number;
  /** Null where the length is zero. */
  content: number | null;
  length: number;
  contentHeaders: ContentHeaders;
  metadata: Metadata;
  /** As asked for; null is the account's default. */
  accessTier: string | null;
  lease: Lease;
  copy: Copy | null;
};

export type ContentHeaders = Partial<
  Record<
    "contentType" | "contentEncoding" | "contentLanguage" | "contentDisposition" | "cacheControl",
    string
  >
> & { contentMD5?: string };

/** The last copy onto a blob. `source` has no signature; the progress of a pending one is counted. */
export type Copy = { id: string; source: string; total: number } & (
  | { status: "pending"; description: string | null }
  | { status: "success"; bytesCopied: number; completedAt: number }
  | { status: "aborted"; bytesCopied: number; completedAt: number }
  | { status: "failed"; bytesCopied: number; completedAt: number; description: string }
);

export function findContainer(store: Store, account: string, name: string): Container | undefined {
  const row = store.one<ContainerRow>(
    "SELECT * FROM container WHERE account = ? AND name = ?",
    account,
    name,
  );
  return row && containerOf(row);
}

/** Containers of an account in name order, from the name `from` on. */
export function containersFrom(
  store: Store,
  { account, from, limit }: { account: string; from: string; limit: number },
): Container[] {
  return store
    .all<ContainerRow>(
      "SELECT * FROM container WHERE account = ? AND name >= ? ORDER BY name LIMIT ?",
      account,
      from,
      limit,
    )
    .map(containerOf);
}

export function insertContainer(store: Store, container: Omit<Container, "id">): void {
  store.run(
    `INSERT INTO container (account, name, etag, modified_at, public_access, metadata)
     VALUES (?, ?, ?, ?, ?, ?)`,
    container.account,
    container.name,
    container.etag,
    container.lastModified,
    container.publicAccess,
    JSON.stringify(container.metadata),
  );
}

/** The base blob, or one of its snapshots. */
export function findBlob(
  store: Store,
  container: number,
  name: string,
  snapshot = "",
): Blob | undefined {
  const row = store.one<BlobRow>(
    "SELECT * FROM blob WHERE container = ? AND name = ? AND snapshot = ?",
    container,
    name,
    snapshot,
  );
  return row && blobOf(row);
}

export function blobWithId(store: Store, id: number): Blob | undefined {
  const row = store.one<BlobRow>("SELECT * FROM blob WHERE id = ?", id);
  return row && blobOf(row);
}

/** A base blob's snapshots, oldest first. */
export function snapshotsOf(store: Store, base: Pick<Blob, "container" | "name">): Blob[] {
  return store
    .all<BlobRow>(
      "SELECT * FROM blob WHERE container = ? AND name = ? AND snapshot <> '' ORDER BY snapshot",
      base.container,
      base.name,
    )
    .map(blobOf);
}

/** Base blobs of a container in name order, from the name `from` on. */
export function blobsFrom(
  store: Store,
  { container, from, limit }: { container: number; from: string; limit: number },
): Blob[] {
  return store
    .all<BlobRow>(
      "SELECT * FROM blob WHERE container = ? AND name >= ? AND snapshot = '' ORDER BY name LIMIT ?",
      container,
      from,
      limit,
    )
    .map(blobOf);
}

/** Inserts the blob or snapshot, or replaces the one of this name and keeps its id. Returns the id. */
export function saveBlob(store: Store, blob: Omit<Blob, "id">): number {
  store.run(
    `INSERT INTO blob (container, name, snapshot, blob_type, etag, created_at, modified_at, content, length,
       content_headers, metadata, access_tier, lease, copy)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (container, name, snapshot) DO UPDATE SET blob_type = excluded.blob_type,
       etag = excluded.etag, created_at = excluded.created_at, modified_at = excluded.modified_at,
       content = excluded.content, length = excluded.length,
       content_headers = excluded.content_headers, metadata = excluded.metadata,
       access_tier = excluded.access_tier, lease = excluded.lease, copy = excluded.copy`,
    blob.container,
    blob.name,
    blob.snapshot,
    blob.blobType,
    blob.etag,
    blob.createdAt,
    blob.lastModified,
    blob.content,
    blob.length,
    JSON.stringify(blob.contentHeaders),
    JSON.stringify(blob.metadata),
    blob.accessTier,
    JSON.stringify(blob.lease),
    blob.copy && JSON.stringify(blob.copy),
  );
  return findBlob(store, blob.container, blob.name, blob.snapshot)?.id ?? 0;
}

type ContainerRow = {
  id: number;
  account: string;
  name: string;
  etag: string;
  modified_at: number;
  public_access: Container["publicAccess"];
  metadata: string;
};

function containerOf(row: ContainerRow): Container {
  return {
    id: row.id,
    account: row.account,
    name: row.name,
    etag: row.etag,
    lastModified: row.modified_at,
    publicAccess: row.public_access,
    metadata: JSON.parse(row.metadata), // written by insertContainer
  };
}

type BlobRow = {
  id: number;
  container: number;
  name: string;
  snapshot: string;
  blob_type: Blob["blobType"];
  etag: string;
  created_at: number;
  modified_at: number;
  content: number | null;
  length: number;
  content_headers: string;
  metadata: string;
  access_tier: string | null;
  lease: string;
  copy: string | null;
};

/** The JSON columns hold what saveBlob wrote from a Blob, so they parse to its types. */
function blobOf(row: BlobRow): Blob {
  return {
    id: row.id,
    container: row.container,
    name: row.name,
    snapshot: row.snapshot,
    blobType: row.blob_type,
    etag: row.etag,
    createdAt: row.created_at,
    lastModified: row.modified_at,
    content: row.content,
    length: row.length,
    contentHeaders: JSON.parse(row.content_headers),
    metadata: JSON.parse(row.metadata),
    accessTier: row.access_tier,
    lease: JSON.parse(row.lease),
    copy: row.copy === null ? null : JSON.parse(row.copy),
  };
}
