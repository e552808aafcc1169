import type { CopyOptions } from "../copy/copy-request.ts";
import type { DestinationSeen, SnapshotsSeen, SnapshotSeen, SourceSeen } from "../copy/seen.ts";
import type { Endpoint } from "../copy/endpoint.ts";
import type { Sas } from "../copy/sas.ts";
import type { StorageAnswer } from "../copy/storage-answers.ts";

/**
 * What a copy needs from Storage. Each method is one REST call; where Storage refuses, or does not
 * answer, it throws `StorageRefusal` and nothing else.
 */
export type CopyClient = {
  /** Get Blob Properties of the source. */
  readSource(source: Side, options: { sameAccount: boolean }): Promise<SourceSeen>;
  /** Get Blob Properties of the destination; null where its container holds no such blob. */
  readDestination(destination: Side): Promise<DestinationSeen | null>;
  /** Copy Blob, conditional on what was planned. Resolves to the copyId. */
  start(order: StartOrder): Promise<string>;
  /** Abort Copy Blob. */
  abort(destination: Side, copyId: string): Promise<void>;
  /** Delete Blob, if it still has this ETag. */
  remove(destination: Side, etag: string): Promise<void>;
  /** List Blobs with snapshots, as far as they are the destination's. */
  readSnapshots(destination: Side): Promise<SnapshotsSeen>;
  /** Snapshot Blob, if the destination still has this ETag. Resolves to the snapshot's time. */
  takeSnapshot(destination: Side, order: Rewrite): Promise<string>;
  /** Copy Blob from a snapshot onto its base, with the snapshot's metadata; it may pend. */
  promoteSnapshot(destination: Side, snapshot: SnapshotSeen, etag: string): Promise<void>;
  /** Delete Blob of one snapshot. */
  removeSnapshot(destination: Side, time: string): Promise<void>;
  /** Set Blob Metadata, if the destination still has this ETag. */
  setMetadata(destination: Side, order: Rewrite): Promise<void>;
};

/** One end of a copy together with what authorises it; without a SAS it is the app's own identity. */
export type Side = { endpoint: Endpoint; sas: Sas | null };

/** `metadata` replaces what there is; the destination must still have this ETag. */
export type Rewrite = { metadata: Record<string, string>; etag: string };

export type StartOrder = {
  source: Side;
  destination: Side;
  sourceEtag: string;
  /** Null: only if the destination does not exist. */
  destinationEtag: string | null;
  options: CopyOptions;
  signal: AbortSignal;
};

/** Storage answered otherwise, or not at all. Its text is left behind: it may quote URLs. */
export class StorageRefusal extends Error {
  override name = "StorageRefusal" as const;
  readonly answer: StorageAnswer;

  constructor(answer: StorageAnswer) {
    super(`Storage refused the call: ${answer.status} ${answer.code ?? ""}`.trimEnd());
    this.answer = answer;
  }
}
