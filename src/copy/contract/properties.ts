import type { CopyStatusName, Progress } from "./copy-status.ts";

/** "BlockBlob", "PageBlob" or "AppendBlob" (x-ms-blob-type); null for a file. */
export type BlobType = string | null;

/** The source as Get Blob Properties, or Get File Properties, shows it. Times are epoch ms. */
export type SourceProperties = {
  etag: string;
  length: number;
  lastModified: number;
  blobType: BlobType;
  archived: boolean;
  /** The copy onto it that is pending, if one is. */
  pendingCopy: Pick<CopyProperties, "copyId" | "progress"> | null;
  /** The copy that brought what is there now; absent where it was written in another way. */
  broughtBy?: string;
};

/** The destination, likewise. Times are epoch ms. */
export type DestinationProperties = {
  etag: string;
  length: number;
  lastModified: number;
  blobType: BlobType;
  archived: boolean;
  /** Names in lower case, as headers come. */
  metadata: Readonly<Record<string, string>>;
  /** The last copy onto it; null when it was written since. */
  copy: CopyProperties | null;
};

export type CopyProperties = {
  copyId: string;
  status: CopyStatusName;
  progress: Progress | null;
  /** x-ms-copy-completion-time, epoch ms. */
  completedAt: number | null;
  /** x-ms-copy-status-description; three parts, of which only the first two are stable. */
  description: string | null;
  /** The source URL as Storage echoes it. Some regions leave the SAS on it: never show or store it. */
  source: string;
};

/** The snapshots of a blob, oldest first, and its own metadata, all names as they were written. */
export type DestinationSnapshots = {
  metadata: Record<string, string>;
  snapshots: SnapshotProperties[];
};

/** `tier` is null where nobody set one. */
export type SnapshotProperties = {
  time: string;
  metadata: Record<string, string>;
  tier: string | null;
};
