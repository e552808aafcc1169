import type { CopyId } from "./ids.ts";
import type { EpochMs } from "../time.ts";
import type { CopyStatusName, Progress } from "./copy-status.ts";

/** "BlockBlob", "PageBlob" or "AppendBlob" (x-ms-blob-type); null for a file. */
export type BlobType = string | null;

/** The source as Get Blob Properties, or Get File Properties, returns it. Times are epoch ms. */
export type SourceProperties = {
  etag: string;
  length: number;
  lastModified: EpochMs;
  blobType: BlobType;
  archived: boolean;
  /** The pending copy onto it; null when there is none. */
  pendingCopy: Pick<CopyProperties, "copyId" | "progress"> | null;
  /** The copyId of the copy that produced the current content; absent when it was written in another way. */
  producedBy?: CopyId;
};

/** The destination as the same calls return it. Times are epoch ms. */
export type DestinationProperties = {
  etag: string;
  length: number;
  lastModified: EpochMs;
  blobType: BlobType;
  archived: boolean;
  /** Names are in lower case, as in headers. */
  metadata: Readonly<Record<string, string>>;
  /** The last copy onto it; null when there was none, or it was written since. */
  copy: CopyProperties | null;
};

export type CopyProperties = {
  copyId: CopyId;
  status: CopyStatusName;
  progress: Progress | null;
  /** x-ms-copy-completion-time, epoch ms. */
  completedAt: EpochMs | null;
  /** x-ms-copy-status-description: a status, a keyword and a sentence; only the first two are stable. */
  description: string | null;
  /** The source URL that Storage returns. Some regions do not remove its SAS: never show or store it. */
  source: string;
};

/** The snapshots of a blob, oldest first, and its own metadata; all names as they were written. */
export type DestinationSnapshots = {
  metadata: Record<string, string>;
  snapshots: SnapshotProperties[];
};

/** `tier` is null when none was set explicitly. */
export type SnapshotProperties = {
  time: string;
  metadata: Record<string, string>;
  tier: string | null;
};
