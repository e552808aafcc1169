import type { CopyProperties, ShownProperties } from "../../copy/contract/properties.ts";
import type { CopyId } from "../../copy/contract/ids.ts";
import type { Failure } from "../../copy/contract/failure.ts";
import type { BlobEndpoint } from "../../copy/location/endpoint.ts";
import type { Sas } from "../../copy/location/sas.ts";
import type { CopyOptions } from "../../copy/request/copy-options.ts";
import type { EpochMs } from "../../copy/time.ts";

/**
 * The calls to Storage that a page of a job needs. Each method is one REST call and is sent once; `copyFromUrl` and
 * `startCopy` send one more request only when they need a new delegation key or token of an account. Every response of
 * Storage is an outcome. A method throws only for bugs.
 */
export type JobStorage = {
  /** List Blobs, one page, in Storage's order of names, which is not that of JavaScript's strings. */
  list(order: ListOrder): Promise<ListOutcome>;
  /** Copy Blob. Within one account it may complete in the response; otherwise it is pending. */
  startCopy(order: JobStartOrder): Promise<StartOutcome>;
  /**
   * Copy Blob From URL: complete when Storage responds, or refused. Only where `canCopyFromUrl` holds. Without a SAS of
   * the caller, the app's token authorizes the source, also in the destination's account, so its URL needs no SAS.
   */
  copyFromUrl(order: JobStartOrder): Promise<StartOutcome>;
  /** Get Blob Properties of a destination, after a start that was refused or got no response. */
  readDestination(order: ObjectOrder): Promise<ReadOutcome>;
  /** Abort Copy Blob. */
  abort(order: ObjectOrder & { copyId: CopyId }): Promise<AbortOutcome>;
  /** Delete Blob, if the blob still has this ETag. */
  removeStub(order: ObjectOrder & { etag: string }): Promise<RemoveOutcome>;
  /** Put Blob of a part of a report, with its MD5. */
  putReport(order: ReportOrder): Promise<WriteOutcome>;
};

/** "Copy Blob From URL": the source has at most 256 MiB. */
export const maxCopyFromUrlBytes = 256 * 1024 * 1024;

/**
 * Returns true if Copy Blob From URL can copy the blob with these options: a block blob that is short enough and online.
 * The operation has no rehydration, and ignores `ifTags` of a source.
 */
export function canCopyFromUrl(
  blob: Pick<ListedBlob, "blobType" | "length" | "archived">,
  options: Pick<JobStartOptions, "sourceConditions">,
): boolean {
  return (
    blob.blobType === "BlockBlob" &&
    blob.length <= maxCopyFromUrlBytes &&
    !blob.archived &&
    options.sourceConditions?.ifTags === undefined
  );
}

/** "List Blobs": a page has at most 5,000 blobs. */
export const maxListResults = 5_000;

/** A container and the credential for it. */
export type JobSide = { container: JobContainer; access: JobAccess };

/** The parts of a container's URL. Its blobs are `BlobEndpoint`s with a path; see `blobOf`. */
export type JobContainer = Omit<BlobEndpoint, "path" | "snapshot" | "version">;

/**
 * `identity`: the app's. As a source in another account than the destination's, each blob then gets a separate SAS.
 * `anonymous`: a public source.
 */
export type JobAccess = { kind: "identity" } | { kind: "sas"; sas: Sas } | { kind: "anonymous" };

/** A blob of a side; `name` is decoded. */
export type JobObject = JobSide & { name: string };

/** Returns the endpoint of a blob. */
export function blobOf({ container, name }: Pick<JobObject, "container" | "name">): BlobEndpoint {
  return { ...container, path: name };
}

/** `signal` aborts the call on the client; Storage may still execute it. `now` is epoch ms. */
type Order = { now: EpochMs; signal: AbortSignal };

export type ObjectOrder = Order & { object: JobObject };

export type ListOrder = Order & {
  side: JobSide;
  /** Decides the causes of failures. */
  role: "source" | "destination";
  prefix: string;
  /** The marker of the previous page; null for the first page. */
  marker: string | null;
  /** The first name of the first page, inclusive; null for the prefix's first one. Keep it on later pages. */
  startFrom: string | null;
  /** At most `maxListResults`. Storage may return fewer, even none, and a marker. */
  maxResults: number;
  include: readonly ListInclude[];
};

/**
 * Parts of a listing that cost nothing extra but bytes. `metadata` is needed for `isFolder`. `tags` needs the permission
 * to read tags, and an account without a hierarchical namespace.
 */
export type ListInclude = "copy" | "metadata" | "tags" | "immutabilitypolicy" | "legalhold";

export type ListedBlob = {
  /** Decoded. */
  name: string;
  /** Bare, like all ETags here: without quotes. */
  etag: string;
  length: number;
  lastModified: EpochMs;
  /** "BlockBlob", "PageBlob" or "AppendBlob". */
  blobType: string;
  /** Null if the account or blob type has no tiers. */
  tier: string | null;
  /** Storage chose the tier by the account's default, instead of a caller. */
  isTierInferred: boolean;
  /** In the archive tier, or being rehydrated from it: such a source needs `tier` and Copy Blob. */
  archived: boolean;
  /** Base64. */
  contentMd5: string | null;
  isLeased: boolean;
  /** How many index tags it has. */
  tagCount: number;
  /** With `include: ["tags"]`; empty without. */
  tags: Readonly<Record<string, string>>;
  /** With `include: ["immutabilitypolicy", "legalhold"]`; false without. */
  isRetained: boolean;
  /** The marker of a folder of a hierarchical namespace (`hdi_isfolder`); always false without `metadata`. */
  isFolder: boolean;
  /** With `include: ["copy"]`; null if it was written since, or without it. */
  copy: JobCopyProperties | null;
};

/**
 * `source` contains no secret: only a snapshot or version, and the version (`sv`) and correlation id (`scid`) of a
 * SAS, remain in its query. Compare it with `isEchoOf`.
 */
export type JobCopyProperties = CopyProperties;

export type JobStartOrder = Order & {
  source: JobObject;
  destination: JobObject;
  conditions: StartConditions;
  options: JobStartOptions;
  /** Correlation id of the SAS that is signed for the source (`scid`): a GUID. */
  correlationId: string;
};

/** The planned state of both blobs, which Storage checks. ETags are bare or quoted. */
export type StartConditions = {
  /** x-ms-source-if-match */
  sourceEtag: string;
  /** If-None-Match: *, If-Match, or none. */
  destination: { kind: "absent" } | { kind: "etag"; etag: string } | { kind: "any" };
};

/** `tags`: the tags to set; those of the source, from its listing, for `tags: "source"`. */
export type JobStartOptions = Pick<
  CopyOptions,
  | "tier"
  | "rehydratePriority"
  | "metadata"
  | "sealBlob"
  | "immutabilityPolicy"
  | "legalHold"
  | "sourceConditions"
  | "destinationConditions"
> & { tags: Readonly<Record<string, string>> | null };

/** Storage is busy (503, 429), on either side of a copy. `retryAfterMs`: its Retry-After; null if it sent none. */
export type Throttled = { kind: "throttled"; failure: Failure; retryAfterMs: number | null };

/** The call failed for a reason outside the object. It may succeed later. */
export type Transient = { kind: "transient"; failure: Failure; retryAfterMs: number | null };

/** Storage refused the call for a reason that stays: permission, missing container, archived blob, and others. */
export type Failed = { kind: "failed"; failure: Failure };

/**
 * False if Storage certainly did nothing. True after a response that is missing or has an unclear status: the copy may
 * have started. A repeated start with a condition on the destination is then refused, and `readDestination` decides.
 */
type MayHaveStarted = { mayHaveStarted: boolean };

export type StartOutcome =
  | { kind: "succeeded"; copyId: CopyId; etag: string }
  | { kind: "pending"; copyId: CopyId }
  /** A condition of the plan does not hold, or another copy onto the destination is pending (409, 412). */
  | { kind: "refused"; reason: RefusedStart; failure: Failure }
  | (Throttled & MayHaveStarted)
  | (Transient & MayHaveStarted)
  | Failed;

/**
 * `source-changed` is certain. The others may be caused by our own earlier start, whose response was lost:
 * `readDestination` decides.
 */
export type RefusedStart = "source-changed" | "destination-changed" | "destination-busy";

export type ListOutcome =
  | { kind: "page"; blobs: ListedBlob[]; marker: string | null }
  | Throttled
  | Transient
  | Failed;

export type ReadOutcome =
  | { kind: "found"; state: FoundDestination }
  /** The container exists; the blob does not. */
  | { kind: "absent" }
  | Throttled
  | Transient
  | Failed;

export type DestinationState = {
  etag: string;
  length: number;
  lastModified: EpochMs;
  blobType: string;
  archived: boolean;
  /** Base64. */
  contentMd5: string | null;
  /**
   * The last copy onto it; null if it was written since, or was never copied. In recordings, an account with a
   * hierarchical namespace also shows none after Copy Blob From URL.
   */
  copy: JobCopyProperties | null;
};

/** A destination as a read of it alone shows it. */
export type FoundDestination = DestinationState & { shown: ShownProperties };

export type AbortOutcome =
  | { kind: "aborted" }
  /** It has ended, the blob is gone, or another copy replaced it. `readDestination` shows which. */
  | { kind: "nothing-to-abort" }
  | Throttled
  | Transient
  | Failed;

export type RemoveOutcome =
  | { kind: "removed" }
  /** The blob is gone, or has another ETag, which means that another writer wrote it. */
  | { kind: "not-ours" }
  | Throttled
  | Transient
  | Failed;

export type ReportOrder = ObjectOrder & {
  body: Uint8Array;
  contentType: string;
  condition: { kind: "absent" } | { kind: "etag"; etag: string };
};

export type WriteOutcome =
  | { kind: "written"; etag: string; contentMd5: string }
  /** The condition does not hold: compare `contentMd5` with `readDestination`, because an earlier try may have written. */
  | { kind: "refused"; contentMd5: string }
  | Throttled
  | Transient
  | Failed;
