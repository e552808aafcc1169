import { createHash } from "node:crypto";
import type { Metadata } from "../http/storage-request.ts";
import type { Store } from "./store.ts";
import {
  findDirectories,
  findFiles,
  saveDirectory,
  saveFile,
  type SystemProperties,
} from "./file-rows.ts";
import { noLease } from "../leases/lease-rules.ts";

/** A share, or a share snapshot: a separate share that never changes. */
export type Share = {
  id: number;
  account: string;
  name: string;
  /** The snapshot's time as in `?sharesnapshot=`; empty for the share itself. */
  snapshot: string;
  etag: string;
  lastModified: number;
  quotaGib: number;
  protocol: SystemProperties["protocol"];
  metadata: Metadata;
};

/** A security descriptor as it was sent. */
export type Permission = { format: "Sddl" | "Binary"; text: string };

export function findShare(
  store: Store,
  { account, name, snapshot = "" }: { account: string; name: string; snapshot?: string },
): Share | undefined {
  const row = store.one<ShareRow>(
    "SELECT * FROM share WHERE account = ? AND name = ? AND snapshot = ?",
    account,
    name,
    snapshot,
  );
  return row && parseShareRow(row);
}

/** Shares of an account, each followed by its snapshots, beginning with the name `from`. */
export function findShares(
  store: Store,
  { account, from }: { account: string; from: string },
): Share[] {
  return store
    .all<ShareRow>(
      "SELECT * FROM share WHERE account = ? AND name >= ? ORDER BY name, snapshot",
      account,
      from,
    )
    .map(parseShareRow);
}

/** The snapshots of a share, oldest first. */
export function findShareSnapshots(store: Store, { account, name }: Share): Share[] {
  return store
    .all<ShareRow>(
      "SELECT * FROM share WHERE account = ? AND name = ? AND snapshot <> '' ORDER BY snapshot",
      account,
      name,
    )
    .map(parseShareRow);
}

export function insertShare(store: Store, share: Omit<Share, "id">): number {
  return store.run(
    `INSERT INTO share (account, name, snapshot, etag, modified_at, quota_gib, protocol, metadata)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    share.account,
    share.name,
    share.snapshot,
    share.etag,
    share.lastModified,
    share.quotaGib,
    share.protocol,
    JSON.stringify(share.metadata),
  );
}

/** Copies all directories, files and permissions to another share. The bytes are not duplicated. */
export function copyShareContents(store: Store, from: Share, to: number): void {
  for (const { id: _, ...directory } of findDirectories(store, from.id)) {
    saveDirectory(store, { ...directory, share: to });
  }
  for (const { id: _, ...file } of findFiles(store, from.id)) {
    saveFile(store, { ...file, share: to, lease: noLease });
  }
  store.run(
    "INSERT INTO permission (share, key, format, text) SELECT ?, key, format, text FROM permission WHERE share = ?",
    to,
    from.id,
  );
}

/** Stores a permission of the share and returns its key. Equal permissions have equal keys. */
export function savePermission(store: Store, share: number, { format, text }: Permission): string {
  const digest = createHash("sha256").update(`${format}\n${text}`).digest();
  const key = `${digest.readBigUInt64BE(0)}*${digest.readBigUInt64BE(8)}`;
  store.run(
    "INSERT INTO permission (share, key, format, text) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    share,
    key,
    format,
    text,
  );
  return key;
}

export function findPermission(store: Store, share: number, key: string): Permission | undefined {
  return store.one<Permission>(
    "SELECT format, text FROM permission WHERE share = ? AND key = ?",
    share,
    key,
  );
}

type ShareRow = {
  id: number;
  account: string;
  name: string;
  snapshot: string;
  etag: string;
  modified_at: number;
  quota_gib: number;
  protocol: Share["protocol"];
  metadata: string;
};

function parseShareRow(row: ShareRow): Share {
  return {
    id: row.id,
    account: row.account,
    name: row.name,
    snapshot: row.snapshot,
    etag: row.etag,
    lastModified: row.modified_at,
    quotaGib: row.quota_gib,
    protocol: row.protocol,
    metadata: JSON.parse(row.metadata), // written by insertShare
  };
}
