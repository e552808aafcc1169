import type { CopyOptions } from "../request/copy-options.ts";
import { isTierOf } from "../request/copy-options.ts";
import { unmetCondition } from "../request/conditions.ts";
import { maxClockSkewMs, parseTime } from "../time.ts";
import { endpointUrl, isEchoOf, isOntoItself } from "../location/endpoint.ts";
import type { Destination, Endpoint } from "../location/endpoint.ts";
import { bareEtag } from "../location/etag.ts";
import { failure } from "../contract/failure.ts";
import type { Cause } from "../contract/failure.ts";
import type {
  CopyProperties,
  DestinationProperties,
  SourceProperties,
} from "../contract/properties.ts";
import type { Busy, CopyInput, CopyPlan, PrepareResult } from "../contract/activities.ts";

export type Decision =
  | Exclude<PrepareResult, { kind: "ended" | "transient-failure" }>
  /** A copy that is not ours is to be aborted first; where it may be ours after all, wait. */
  | { kind: "replace"; copyId: string; otherwise: Busy };

/** The copy that was pending on the source when it was looked at last. */
type AwaitedCopy = { awaited?: string | undefined };

/**
 * What a source and a destination, as they were just seen, mean for a copy. `source` is null where only
 * Storage can read it.
 */
export function decide(
  copy: Pick<CopyInput, "source" | "destination" | "options" | "event"> & AwaitedCopy,
  source: SourceProperties | null,
  destination: DestinationProperties | null,
): Decision {
  const skipped = source === null ? null : skipStaleEvent(copy, source);
  if (skipped !== null) return skipped;
  const blobType = source?.blobType ?? "BlockBlob"; // of files and of anything outside ("Copy Blob")
  const obstacle =
    (source === null ? null : refuseSource(copy, source)) ??
    refuseOptions(copy, blobType) ??
    refuseDestination(copy, destination, blobType);
  if (obstacle !== null) return obstacle;
  const skip = destination === null ? null : refuseOverwrite(copy, source, destination);
  if (skip !== null) return skip;
  // Both looks at a blob that is copied onto itself must have shown the same: the one that is pinned counts.
  const from = isOntoItself(copy.source, copy.destination) ? destination : source;
  return {
    kind: "planned",
    plan: {
      source: { etag: from?.etag ?? null, length: from?.length ?? null },
      destinationEtag: destination?.etag ?? null,
    },
  };
}

/**
 * Whether the copy seen on the destination is the one this plan started: it is from our source, and it
 * began after the plan (the destination was absent then, or had another ETag; had a copy been pending
 * then, there would be no plan). Where we minted the source's SAS, its correlation id is ours. Only asked
 * while we hold the destination's lock.
 */
export function isOurs(plan: CopyPlan, source: Endpoint, seen: DestinationProperties): boolean {
  if (seen.copy === null || seen.etag === plan.destinationEtag) return false;
  if (endedBefore(plan, seen.copy) || !carriesOurSas(plan, source, seen.copy)) return false;
  return isEchoOf(startedFrom(plan, source), seen.copy.source);
}

/** What the plan's copy is made from: the source, or the snapshot by which it is copied onto itself. */
export function startedFrom<E extends Endpoint>({ source: { snapshot } }: CopyPlan, source: E): E {
  return snapshot === undefined ? source : { ...source, snapshot };
}

/** A copy from before the plan, which came back with a blob that was restored since (Undelete Blob). */
function endedBefore({ plannedAt }: CopyPlan, { completedAt }: CopyProperties): boolean {
  if (plannedAt === undefined || completedAt === null) return false;
  return completedAt < parseTime(plannedAt) - maxClockSkewMs;
}

/**
 * Somebody else's copy of the same source has another SAS. Of the URL that Storage echoes some regions
 * strip the signature. Should one strip the whole query, nothing tells the two apart but the other
 * conditions: then it counts as ours. A stranger who could read without a query would need a public
 * source and that very moment; and denying our own copy would leave it running, reported as failed. A SAS
 * of Azure Files has no correlation id: there a stranger's is known by another end.
 */
function carriesOurSas(
  { mintedSas }: CopyPlan,
  { service }: Endpoint,
  seen: CopyProperties,
): boolean {
  const [, query] = seen.source.split("?");
  if (mintedSas === undefined || query === undefined) return true;
  const sas = new URLSearchParams(query);
  if (service === "blob") return sas.get("scid") === mintedSas.scid;
  const end = sas.get("se");
  return end === null || parseTime(end) === parseTime(mintedSas.expiresAt);
}

/**
 * Skips a copy whose source is no longer what its event told of: another event tells of what it is now. A
 * hierarchical account tells of a copy when it begins, and that copy's end gives a new ETag.
 */
export function skipStaleEvent(
  { event, awaited }: Pick<CopyInput, "event"> & AwaitedCopy,
  { etag, broughtBy }: SourceProperties,
): Extract<Decision, { kind: "skip" }> | null {
  if (event === undefined || bareEtag(etag) === event.etag) return null;
  if (awaited !== undefined && awaited === broughtBy) return null;
  const reason = "The source was written again since the event that this copy follows";
  return { kind: "skip", reason };
}

function refuseSource(
  { source, options }: { source: Endpoint; options: CopyOptions },
  seen: SourceProperties,
): Decision | null {
  const url = endpointUrl(source);
  if (seen.pendingCopy !== null) {
    const { copyId } = seen.pendingCopy;
    const done = bytesOf(seen.pendingCopy);
    const message = `Cannot copy the source as copy ${copyId} onto it is pending (${done}): ${url}`;
    return {
      kind: "busy",
      endpoint: "source",
      awaitedCopyId: copyId,
      waitsFor: `Waits for copy ${copyId} onto the source to end (${done})`,
      failure: failure("source-copy-pending", message),
    };
  }
  const unmet = unmetCondition(options.sourceConditions, seen);
  if (unmet !== null) {
    const message = `Cannot copy the source as sourceConditions.${unmet} does not hold: ${url}`;
    return failed("condition-not-met", message);
  }
  if (seen.archived && (options.tier === null || options.tier === "Archive")) {
    return failed("source-archived", `Cannot copy the source as it is archived: ${url}`);
  }
  return null;
}

/** Options that depend on the type of the source's blob, which only a look at it tells. */
function refuseOptions(
  { source, options }: { source: Endpoint; options: CopyOptions },
  blobType: string,
): Decision | null {
  const url = endpointUrl(source);
  if (options.sealBlob && blobType !== "AppendBlob") {
    const message = `Cannot seal the copy as the source is a ${blobType}, not an AppendBlob: ${url}`;
    return failed("not-supported", message);
  }
  if (options.tier !== null && !isTierOf(blobType, options.tier)) {
    const message = `Cannot give the copy the tier ${options.tier} as the source is a ${blobType}: ${url}`;
    return failed("not-supported", message);
  }
  return null;
}

function refuseDestination(
  { destination, options }: { destination: Destination; options: CopyOptions },
  seen: DestinationProperties | null,
  blobType: string,
): Decision | null {
  const url = endpointUrl(destination);
  const unmet = unmetCondition(options.destinationConditions, seen);
  const isOther = destination.service === "blob" && seen !== null && seen.blobType !== blobType;
  if (seen === null) return unmet === null ? null : unmetAt(url, unmet);
  if (seen.copy?.status === "pending") {
    const { copyId } = seen.copy;
    const done = bytesOf(seen.copy);
    const message = `Cannot copy onto the destination as copy ${copyId} onto it is pending (${done}): ${url}`;
    const reason = failure("destination-busy", message);
    if (options.ifBusy === "fail") return { kind: "failed", failure: reason };
    const waitsFor = `Waits for copy ${copyId} onto the destination to end (${done})`;
    const busy: Busy = { kind: "busy", endpoint: "destination", waitsFor, failure: reason };
    // Nothing is aborted in favour of a copy that could not be started afterwards.
    if (options.ifBusy === "wait" || seen.archived || isOther) return busy;
    return { kind: "replace", copyId, otherwise: busy };
  }
  if (seen.archived) {
    return failed(
      "destination-archived",
      `Cannot copy onto the destination as it is archived: ${url}`,
    );
  }
  if (isOther) {
    const message = `Cannot copy a ${blobType} onto the destination as it is a ${seen.blobType}: ${url}`;
    return failed("destination-type-mismatch", message);
  }
  return unmet === null ? null : unmetAt(url, unmet);
}

function unmetAt(url: string, unmet: string): Decision {
  const message = `Cannot copy onto the destination as destinationConditions.${unmet} does not hold: ${url}`;
  return failed("condition-not-met", message);
}

function refuseOverwrite(
  { destination, options }: { destination: Destination; options: CopyOptions },
  source: SourceProperties | null,
  seen: DestinationProperties,
): Decision | null {
  switch (options.overwrite) {
    case "always":
      return null;
    case "skip":
      return { kind: "skip", reason: "The destination exists" };
    case "if-newer":
      return source !== null && source.lastModified > seen.lastModified
        ? null
        : { kind: "skip", reason: "The destination is as new as the source, or newer" };
    case "fail": {
      const message = `Cannot copy onto the destination as it exists: ${endpointUrl(destination)}`;
      return failed("destination-exists", message);
    }
  }
}

function bytesOf({ progress }: Pick<CopyProperties, "progress">): string {
  return progress === null
    ? "bytes unknown"
    : `bytes ${progress.bytesCopied}/${progress.totalBytes}`;
}

function failed(cause: Cause, message: string): Decision {
  return { kind: "failed", failure: failure(cause, message) };
}
