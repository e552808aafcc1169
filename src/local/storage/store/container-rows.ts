import type { Metadata } from "../http/storage-request.ts";
import type { Store } from "./store.ts";

export type Container = {
  id: number;
  account: string;
  name: string;
  etag: string;
  lastModified: number;
  /** Which anonymous reads are allowed: blobs and listings, blobs only, or none. */
  publicAccess: "container" | "blob" | null;
  metadata: Metadata;
};

export function findContainer(store: Store, account: string, name: string): Container | undefined {
  const row = store.one<ContainerRow>(
    "SELECT * FROM container WHERE account = ? AND name = ?",
    account,
    name,
  );
  return row && parseContainerRow(row);
}

/** Containers of an account in the order of their names, beginning with the name `from`. */
export function findContainers(
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
    .map(parseContainerRow);
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

type ContainerRow = {
  id: number;
  account: string;
  name: string;
  etag: string;
  modified_at: number;
  public_access: Container["publicAccess"];
  metadata: string;
};

function parseContainerRow(row: ContainerRow): Container {
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
