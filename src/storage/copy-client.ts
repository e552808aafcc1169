import type { Conditions } from "../copy/request/conditions.ts";
import type { CopyOptions } from "../copy/request/copy-options.ts";
import type {
  DestinationProperties,
  DestinationSnapshots,
  SnapshotProperties,
  SourceProperties,
} from "../copy/contract/properties.ts";
import type { Destination, Endpoint } from "../copy/location/endpoint.ts";
import type { MintedSas } from "../copy/location/minted-sas.ts";
import type { Sas } from "../copy/location/sas.ts";
import type { StorageErrorResponse } from "../copy/decisions/storage-errors.ts";

/**
 * What a copy needs from Storage. Each method is one REST call, unless it says more; where Storage
 * refuses, or does not answer, it throws `StorageRefusal` and nothing else.
 */
export type CopyClient = {
  /** Get Blob Properties, or Get File Properties, of the source. */
  readSource(source: Side<Destination>, options: ReadOptions): Promise<SourceProperties>;
  /** Get Blob Tags of the source. */
  readTags(source: Side<Destination>, options: ReadOptions): Promise<Record<string, string>>;
  /** The same of the destination; null where its container or folder holds no such thing. */
  readDestination(
    destination: DestinationSide,
    options?: Pick<ReadOptions, "ifTags">,
  ): Promise<DestinationProperties | null>;
  /** Copy Blob, or Copy File, as far as it can be conditional on what was planned. */
  start(order: StartOrder): Promise<StartResponse>;
  /** Abort Copy Blob, or Abort Copy File. */
  abort(destination: DestinationSide, copyId: string): Promise<void>;
  /** Delete Blob, or Delete File, if it still has this ETag. */
  remove(destination: DestinationSide, etag: string): Promise<void>;
} & SourceLeases &
  Snapshots;

/** Lease Blob on the source, infinite, under an id of ours; both may be called again. */
export type SourceLeases = {
  leaseSource(source: Side<Destination>, leaseId: string): Promise<void>;
  releaseSource(source: Side<Destination>, leaseId: string): Promise<void>;
};

/** Snapshots of a destination, for rolling back; only blobs have them. */
export type Snapshots = {
  /** List Blobs with snapshots, as far as they are the destination's. */
  readSnapshots(destination: DestinationSide): Promise<DestinationSnapshots>;
  /** Snapshot Blob, if the destination still has this ETag. Resolves to the snapshot's time. */
  takeSnapshot(destination: DestinationSide, order: Rewrite): Promise<string>;
  /** Get Blob Tags. */
  readFormerTags(destination: DestinationSide): Promise<Record<string, string>>;
  /** Copy Blob from a snapshot onto its base, with the snapshot's metadata; it may pend. */
  promoteSnapshot(destination: DestinationSide, order: Promotion): Promise<void>;
  /** Delete Blob of one snapshot. */
  removeSnapshot(destination: DestinationSide, time: string): Promise<void>;
  /** Set Blob Metadata, if the destination still has this ETag. */
  setMetadata(destination: DestinationSide, order: Rewrite): Promise<void>;
};

/** Signs SAS with the app's identity. Throws `StorageRefusal`, as the client does. */
export type SasMint = {
  /** Whether the app's identity is what the source's account is called with. */
  isPossible(source: Endpoint): source is Destination;
  /** A SAS that reads this one blob or file (Get User Delegation Key). */
  sign(source: Destination, minted: MintedSas, order: MintOrder): Promise<Sas>;
};

/** `withTags`: conditions on tags need a permission of their own, which writes tags, too ("Create a service SAS"). */
export type MintOrder = {
  withTags: boolean;
  /** Epoch ms. */
  now: number;
};

/** One end of a copy together with what authorises it; without a SAS it is the app's own identity. */
export type Side<E extends Endpoint = Endpoint> = { endpoint: E; sas: Sas | null };

/** Whether Storage holds this end, so that it can be asked about it. */
export function isInStorage(side: Side): side is Side<Destination> {
  return side.endpoint.service !== "external";
}

/** What may be read as a SAS: nobody knows what the query of a URL outside Storage means. */
export function readableSas(side: Side): Sas | null {
  return isInStorage(side) ? side.sas : null;
}

/** `leaseId`: of the infinite lease on it, where the caller holds one. */
export type DestinationSide = Side<Destination> & { leaseId: string | null };

export type ReadOptions = {
  /** Whether the destination's service may read the source by the power of the start call itself. */
  sameAccount: boolean;
  /** x-ms-if-tags: refused with 412 where it does not hold. */
  ifTags?: string | undefined;
};

/** `metadata` replaces what there is; the destination must still have this ETag. */
export type Rewrite = { metadata: Record<string, string>; etag: string };

/** `tags` are set on the base, which must still have this ETag. */
export type Promotion = {
  snapshot: SnapshotProperties;
  tags: Record<string, string>;
  etag: string;
};

/** What Storage answers to a start (x-ms-copy-id, x-ms-copy-status). */
export type StartResponse = { copyId: string; copyStatus: "pending" | "success" };

export type StartOrder = {
  source: Side;
  destination: DestinationSide;
  /** Null: the source cannot change, or Storage takes no condition on it. */
  sourceEtag: string | null;
  /** Null: only if the destination does not exist. */
  destinationEtag: string | null;
  options: StartOptions;
  signal: AbortSignal;
};

/** `tags` are those to set, read from the source where that was asked for. */
export type StartOptions = Omit<CopyOptions, "tags"> & { tags: Record<string, string> | null };

/** The part of a caller's conditions that only Storage can judge. */
export function tagCondition(conditions: Conditions | null): { tagConditions?: string } {
  return conditions?.ifTags === undefined ? {} : { tagConditions: conditions.ifTags };
}

/** Storage answered otherwise, or not at all. Its text is left behind: it may quote URLs. */
export class StorageRefusal extends Error {
  override name = "StorageRefusal" as const;
  readonly response: StorageErrorResponse;

  constructor(response: StorageErrorResponse) {
    super(`Storage refused the call: ${response.status} ${response.code ?? ""}`.trimEnd());
    this.response = response;
  }
}

/** Whether the error is a refusal whose response satisfies `fact`, one of those in "copy/decisions/storage-errors.ts". */
export function isRefusal(
  error: unknown,
  fact: (response: StorageErrorResponse) => boolean,
): error is StorageRefusal {
  return error instanceof StorageRefusal && fact(error.response);
}

/** The refusal that Storage would send if the call supported the condition that we checked ("Copy File" has none). */
export function conditionNotMet(): StorageRefusal {
  return new StorageRefusal({
    status: 412,
    code: "ConditionNotMet",
    sourceStatus: null,
    sourceCode: null,
    retryAfterSeconds: null,
  });
}
