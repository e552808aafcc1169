import type { CopyId } from "../copy/contract/ids.ts";
import type { EpochMs } from "../copy/time.ts";
import type { Conditions } from "../copy/request/conditions.ts";
import type { CopyOptions } from "../copy/request/copy-options.ts";
import type {
  ReadDestination,
  DestinationSnapshots,
  SnapshotProperties,
  SourceProperties,
} from "../copy/contract/properties.ts";
import type { Destination, Endpoint } from "../copy/location/endpoint.ts";
import type { MintedSas } from "../copy/location/minted-sas.ts";
import type { Sas } from "../copy/location/sas.ts";
import type { StorageErrorResponse } from "../copy/decisions/storage-errors.ts";

/**
 * The calls to Storage that a copy needs. Each method is one REST call unless documented otherwise. If Storage
 * refuses the call or sends no response, the method throws `StorageRefusal`.
 */
export type CopyClient = {
  /** Get Blob Properties, or Get File Properties, of the source. */
  readSource(source: Side<Destination>, options: ReadOptions): Promise<SourceProperties>;
  /** Get Blob Tags of the source. */
  readTags(source: Side<Destination>, options: ReadOptions): Promise<Record<string, string>>;
  /** The same for the destination; null if its container or folder exists and does not contain it. */
  readDestination(
    destination: DestinationSide,
    options?: Pick<ReadOptions, "ifTags">,
  ): Promise<ReadDestination | null>;
  /** Copy Blob, or Copy File; conditional on the planned ETags where the service supports it. */
  start(order: StartOrder): Promise<StartResponse>;
  /** Abort Copy Blob, or Abort Copy File. */
  abort(destination: DestinationSide, copyId: CopyId): Promise<void>;
  /** Delete Blob, or Delete File, if it still has this ETag. */
  remove(destination: DestinationSide, etag: string): Promise<void>;
} & SourceLeases &
  Snapshots;

/** Lease Blob on the source, infinite, with our own lease id; both calls may be repeated. */
export type SourceLeases = {
  leaseSource(source: Side<Destination>, leaseId: string): Promise<void>;
  releaseSource(source: Side<Destination>, leaseId: string): Promise<void>;
};

/** Snapshots of a destination, for rollback. Only blobs have them. */
export type Snapshots = {
  /** List Blobs with snapshots, reduced to those of the destination. */
  readSnapshots(destination: DestinationSide): Promise<DestinationSnapshots>;
  /** Snapshot Blob, if the destination still has this ETag. Resolves to the snapshot's time. */
  takeSnapshot(destination: DestinationSide, order: Rewrite): Promise<string>;
  /** Get Blob Tags. */
  readFormerTags(destination: DestinationSide): Promise<Record<string, string>>;
  /** Copy Blob from a snapshot onto its base, with the snapshot's metadata; the copy may stay pending. */
  promoteSnapshot(destination: DestinationSide, order: Promotion): Promise<void>;
  /** Delete Blob of one snapshot. */
  removeSnapshot(destination: DestinationSide, time: string): Promise<void>;
  /** Set Blob Metadata, if the destination still has this ETag. Resolves to the new one. */
  setMetadata(destination: DestinationSide, order: Rewrite): Promise<string | null>;
};

/** Mints SAS tokens with the app's identity. Throws `StorageRefusal`, like the client. */
export type SasMint = {
  /** Returns true if calls to the source's account use the app's identity. A managed disk's account issues no keys. */
  isPossible(source: Endpoint): source is Destination;
  /** Returns a SAS that permits reading this one blob or file (Get User Delegation Key). */
  sign(source: Destination, minted: MintedSas, order: MintOrder): Promise<Sas>;
};

/** `withTags`: tag conditions need a separate permission, which also permits writing tags ("Create a service SAS"). */
export type MintOrder = {
  withTags: boolean;
  /** Epoch ms. */
  now: EpochMs;
};

/** An endpoint and the SAS that authorizes access to it; null for the app's own identity. */
export type Side<E extends Endpoint = Endpoint> = { endpoint: E; sas: Sas | null };

/** Returns true if the endpoint is in Azure Storage, so that the app can call it. */
export function isInStorage(side: Side): side is Side<Destination> {
  return side.endpoint.service !== "external";
}

/** The SAS, if its parameters can be parsed: the query of a URL outside Storage has no known meaning. */
export function readableSas(side: Side): Sas | null {
  return isInStorage(side) ? side.sas : null;
}

/** `leaseId`: the id of the caller's infinite lease on the destination, if there is one. */
export type DestinationSide = Side<Destination> & { leaseId: string | null };

export type ReadOptions = {
  /** Returns true if the authorization of the start call also allows the destination's service to read the source. */
  sameAccount: boolean;
  /** x-ms-if-tags: Storage refuses the call with 412 if it does not hold. */
  ifTags?: string | undefined;
};

/** `metadata` replaces all existing metadata; the destination must still have this ETag. */
export type Rewrite = { metadata: Record<string, string>; etag: string };

/** `tags` are set on the base, which must still have this ETag. */
export type Promotion = {
  snapshot: SnapshotProperties;
  tags: Record<string, string>;
  etag: string;
};

/** Storage's response to a start (x-ms-copy-id, x-ms-copy-status). */
export type StartResponse = { copyId: CopyId; copyStatus: "pending" | "success" };

export type StartOrder = {
  source: Side;
  destination: DestinationSide;
  /** Null: the source cannot change, or Storage supports no condition on it. */
  sourceEtag: string | null;
  /** Null: only if the destination does not exist. */
  destinationEtag: string | null;
  options: StartOptions;
  signal: AbortSignal;
};

/** `tags`: the tags to set; already read from the source for `tags: "source"`. */
export type StartOptions = Omit<CopyOptions, "tags"> & { tags: Record<string, string> | null };

/** The part of a caller's conditions that only Storage can evaluate. */
export function tagCondition(conditions: Conditions | null): { tagConditions?: string } {
  return conditions?.ifTags === undefined ? {} : { tagConditions: conditions.ifTags };
}

/** Storage refused the call or sent no response. Storage's own text is dropped, because it may quote URLs. */
export class StorageRefusal extends Error {
  override name = "StorageRefusal" as const;
  readonly response: StorageErrorResponse;

  constructor(response: StorageErrorResponse) {
    super(`Storage refused the call: ${response.status} ${response.code ?? ""}`.trimEnd());
    this.response = response;
  }
}

/**
 * Returns true if the error is a refusal that `fact` holds for; see the facts in "copy/decisions/storage-errors.ts".
 */
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
