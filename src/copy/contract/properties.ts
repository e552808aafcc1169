import type { CopyId } from "./ids.ts";
import type { EpochMs } from "../time.ts";
import type { CopyStatusName, Progress } from "./copy-status.ts";

/** "BlockBlob", "PageBlob" or "AppendBlob" (x-ms-blob-type); null for a file. */
export type BlobType = string | null;

/** The source as returned by Get Blob Properties or Get File Properties. Times are epoch ms. */
export type SourceProperties = {
  etag: string;
  length: number;
  lastModified: EpochMs;
  /** Base64; absent or null if Storage does not know it. */
  contentMd5?: string | null;
  blobType: BlobType;
  archived: boolean;
  /** The last copy onto it; null if there was none, or if it has been written since. */
  copy: Pick<CopyProperties, "copyId" | "status" | "progress"> | null;
};

/** The destination as returned by the same calls. Times are epoch ms. */
export type DestinationProperties = {
  etag: string;
  length: number;
  lastModified: EpochMs;
  /** Base64; absent or null if Storage does not know it. */
  contentMd5?: string | null;
  blobType: BlobType;
  archived: boolean;
  /** Names are in lower case, as in headers. */
  metadata: Readonly<Record<string, string>>;
  /** The last copy onto it; null if there was none, or if the destination has been written since. */
  copy: CopyProperties | null;
};

/** The properties of a destination that a copy's options set. `tagCount`: null without tags, or without permission. */
export type ShownProperties = {
  /** Names are in lower case, as in headers. */
  metadata: Readonly<Record<string, string>>;
  tier: string | null;
  tagCount: number | null;
  hasPolicy: boolean;
  hasLegalHold: boolean;
};

/** The destination as its client reads it. */
export type ReadDestination = DestinationProperties & { shown: ShownProperties };

export type CopyProperties = {
  copyId: CopyId;
  status: CopyStatusName;
  progress: Progress | null;
  /** x-ms-copy-completion-time (epoch ms). */
  completedAt: EpochMs | null;
  /** x-ms-copy-status-description: a status, a keyword and a sentence; only the first two are stable. */
  description: string | null;
  /** The source URL that Storage returns. Some regions do not remove its SAS: never show or store it. */
  source: string;
};

/** The snapshots of a blob, oldest first, and the blob's metadata. Metadata names keep their case. */
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

/** The (bare) ETag of a blob, and when it was last modified; "unknown" if the app's identity cannot read it now. */
export type SourceState =
  | { kind: "exists"; etag: string; lastModified: EpochMs }
  | { kind: "absent" | "unknown" };
