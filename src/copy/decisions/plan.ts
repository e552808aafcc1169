import type { CopyId } from "../contract/ids.ts";
import type { CopyOptions } from "../request/copy-options.ts";
import { isTierOf } from "../request/copy-options.ts";
import { unmetCondition } from "../request/conditions.ts";
import type { Conditions } from "../request/conditions.ts";
import { parseTime, toIso } from "../time.ts";
import type { EpochMs } from "../time.ts";
import { endpointUrl, isOntoItself } from "../location/endpoint.ts";
import type { Destination, Endpoint } from "../location/endpoint.ts";
import { bareEtag } from "../location/etag.ts";
import { failure } from "../contract/failure.ts";
import type { Cause } from "../contract/failure.ts";
import type {
  CopyProperties,
  DestinationProperties,
  SourceProperties,
} from "../contract/properties.ts";
import { isEventTime } from "./event-time.ts";
import { isStub, refuseOverwrite, whyNoContent } from "./overwrite.ts";
import type { Busy, CopyInput, CopyPlan, NotStarted } from "../contract/activities.ts";

export type Decision =
  | { kind: "planned"; plan: CopyPlan }
  | Exclude<NotStarted, { kind: "stale-plan" }>
  /**
   * Abort this pending copy first, unless it turns out to be one that Ferry started: then `otherwise`. Nothing that was
   * read refuses the copy afterwards. `plan`: the plan of the copy, except for the destination's ETag.
   */
  | { kind: "replace"; copyId: CopyId; plan: CopyPlan; otherwise: Busy };

/**
 * The copy that was pending on the source when the event's ETag and time were compared with it; null if none was. It
 * comes from the copy's record, never from an input.
 */
type AwaitedCopy = { awaited?: CopyId | null };

/** `writtenAt`: when the destination's content was written, if a rollback has restored it (epoch ms). */
type DecidedCopy = Pick<CopyInput, "source" | "destination" | "options" | "event"> &
  AwaitedCopy & { writtenAt?: EpochMs | null };

/**
 * Plans a copy from the properties of its source and destination, or decides why it cannot be started now.
 * `source` is null when only Storage can read it, `destination` when it does not exist.
 */
export function decide(
  copy: DecidedCopy,
  source: SourceProperties | null,
  destination: DestinationProperties | null,
): Decision {
  const refused = source === null ? null : checkEvent(copy, source);
  if (refused !== null) return refused;
  // Files become block blobs ("Copy Blob"). Without a read the type is unknown, and no rule about it applies.
  const blobType = source === null ? null : (source.blobType ?? "BlockBlob");
  const obstacle =
    (source === null ? null : refuseSource(copy, source)) ??
    refuseOptions(copy, blobType) ??
    refuseDestination(copy, destination, blobType);
  if (obstacle !== null) {
    if (obstacle.kind !== "replace") return obstacle;
    return { ...obstacle, plan: buildPlan(copy, source, destination) };
  }
  const refusal = destination === null ? null : refuseOverwrite(copy, source, destination);
  return refusal ?? { kind: "planned", plan: buildPlan(copy, source, destination) };
}

function buildPlan(
  copy: Pick<CopyInput, "source" | "destination" | "options">,
  source: SourceProperties | null,
  destination: DestinationProperties | null,
): CopyPlan {
  // A blob that is copied onto itself is read twice. The plan needs one ETag, that of the destination.
  const isItself = isOntoItself(copy.source, copy.destination);
  const from = isItself ? destination : source;
  // The Content-MD5 of a file is only what a client has set.
  const contentMd5 = copy.source.service === "blob" ? (from?.contentMd5 ?? null) : null;
  const ontoStub = !isItself && destination !== null && isStub(destination);
  return {
    source: {
      etag: from?.etag ?? null,
      length: from?.length ?? null,
      ...(contentMd5 === null ? {} : { contentMd5 }),
    },
    destinationEtag: destination?.etag ?? null,
    ...(ontoStub ? { ontoStub } : {}),
    ...(destination === null || ontoStub || copy.options.rollback === "off"
      ? {}
      : { formerModifiedAt: toIso(destination.lastModified) }),
  };
}

/**
 * Decides, after every read of the source, whether the event is about its current content. Skips a copy whose source
 * has changed since its event; the change caused an event, too. Rejects an event whose time does not match the blob:
 * the trigger has checked it, unless the app's identity could not read the blob then, or no event caused the copy.
 *
 * A hierarchical account emits the event of a copy when it begins. The event then has the ETag and the time of the
 * pending blob, and a later read returns different values. That the event is about this copy was checked while it was
 * pending.
 */
export function checkEvent(
  { source, event, awaited = null }: Pick<CopyInput, "source" | "event"> & AwaitedCopy,
  { etag, lastModified, copy }: SourceProperties,
): Extract<Decision, { kind: "skip" | "failed" }> | null {
  if (event === undefined) return null;
  const isWritten = copy?.status === "pending" || copy?.status === "success";
  if (awaited !== null && isWritten && copy.copyId === awaited) return null;
  if (bareEtag(etag) !== event.etag) {
    const reason = "The source was written again after the event that caused this copy";
    return { kind: "skip", reason };
  }
  if (isEventTime(parseTime(event.at), lastModified)) return null;
  const message = `Cannot start the copy because the time of its event, ${event.at}, does not match the blob's Last-Modified, ${toIso(lastModified)}: ${endpointUrl(source)}`;
  return failed("not-allowed", message);
}

/** The wait for the copy that is pending on the source; null if there is none. */
export function waitForSource(
  { source }: { source: Endpoint },
  { copy }: Pick<SourceProperties, "copy">,
): Busy | null {
  if (copy?.status !== "pending") return null;
  const { copyId } = copy;
  const done = formatProgress(copy);
  const message = `Cannot copy the source because another copy onto it is pending (${done}): ${endpointUrl(source)}`;
  return {
    kind: "busy",
    endpoint: "source",
    awaitedCopyId: copyId,
    waitsFor: `Waiting for another copy onto the source to end (${done})`,
    failure: failure("source-copy-pending", message),
  };
}

type Refused = Extract<Decision, { kind: "skip" | "failed" }>;
type Obstacle = Refused | Busy | Omit<Extract<Decision, { kind: "replace" }>, "plan">;

function refuseSource(
  { source, options }: { source: Endpoint; options: CopyOptions },
  properties: SourceProperties,
): Refused | Busy | null {
  const url = endpointUrl(source);
  const wait = waitForSource({ source }, properties);
  if (wait !== null) return wait;
  // A source that becomes a stub after this read gets a new ETag, so Storage refuses the start. The start of a file
  // has no conditions; its copy fails because the length differs from the plan.
  const noContent = whyNoContent(properties);
  if (noContent !== null) {
    return failed("source-copy-failed", `Cannot copy the source because ${noContent}: ${url}`);
  }
  const unmet = unmetCondition(options.sourceConditions, properties);
  if (unmet !== null) {
    const message = `Cannot copy the source because sourceConditions.${unmet} does not hold: ${url}`;
    return failed("condition-not-met", message);
  }
  if (properties.archived && (options.tier === null || options.tier === "Archive")) {
    return failed("source-archived", `Cannot copy the source because it is archived: ${url}`);
  }
  return null;
}

/** Rejects options that do not apply to the source's blob type. */
function refuseOptions(
  { source, options }: { source: Endpoint; options: CopyOptions },
  blobType: string | null,
): Refused | null {
  if (blobType === null) return null;
  const url = endpointUrl(source);
  if (options.sealBlob && blobType !== "AppendBlob") {
    const message = `Cannot seal the copy because the source is a ${blobType}, not an AppendBlob: ${url}`;
    return failed("not-supported", message);
  }
  if (options.tier !== null && !isTierOf(blobType, options.tier)) {
    const message = `Cannot set the tier ${options.tier} because the source is a ${blobType}: ${url}`;
    return failed("not-supported", message);
  }
  return null;
}

function refuseDestination(
  { destination, options }: { destination: Destination; options: CopyOptions },
  properties: DestinationProperties | null,
  blobType: string | null,
): Obstacle | null {
  const url = endpointUrl(destination);
  const unmet = unmetCondition(options.destinationConditions, properties);
  if (properties === null) return unmet === null ? null : destinationConditionUnmet(url, unmet);
  const { copy, archived } = properties;
  const hasOtherType =
    destination.service === "blob" && blobType !== null && properties.blobType !== blobType;
  if (copy?.status === "pending") {
    const { copyId } = copy;
    const done = formatProgress(copy);
    const message = `Cannot copy onto the destination because another copy onto it is pending (${done}): ${url}`;
    const reason = failure("destination-busy", message);
    if (options.ifBusy === "fail") return { kind: "failed", failure: reason };
    const waitsFor = `Waiting for another copy onto the destination to end (${done})`;
    const busy: Busy = { kind: "busy", endpoint: "destination", waitsFor, failure: reason };
    if (options.ifBusy === "wait") return busy;
    // Do not abort a copy for one that could not be started afterwards.
    if (unmet !== null) return destinationConditionUnmet(url, unmet);
    const isLost = archived || hasOtherType || options.overwrite !== "always";
    if (isLost || endsWithAbort(options.destinationConditions)) return busy;
    return { kind: "replace", copyId, otherwise: busy };
  }
  if (archived) {
    const message = `Cannot copy onto the destination because it is archived: ${url}`;
    return failed("destination-archived", message);
  }
  if (hasOtherType) {
    const message = `Cannot copy a ${blobType} onto the destination because it is a ${properties.blobType}: ${url}`;
    return failed("destination-type-mismatch", message);
  }
  return unmet === null ? null : destinationConditionUnmet(url, unmet);
}

/**
 * Returns true if a condition that holds now does not hold after Abort Copy Blob, which changes the ETag and the
 * Last-Modified of the destination.
 */
function endsWithAbort(conditions: Conditions | null): boolean {
  const { ifMatch = "*", ifUnmodifiedSince } = conditions ?? {};
  return ifMatch !== "*" || ifUnmodifiedSince !== undefined;
}

function destinationConditionUnmet(url: string, unmet: string): Refused {
  const message = `Cannot copy onto the destination because destinationConditions.${unmet} does not hold: ${url}`;
  return failed("condition-not-met", message);
}

function formatProgress({ progress }: Pick<CopyProperties, "progress">): string {
  return progress === null
    ? "bytes unknown"
    : `bytes ${progress.bytesCopied}/${progress.totalBytes}`;
}

function failed(cause: Cause, message: string): Extract<Decision, { kind: "failed" }> {
  return { kind: "failed", failure: failure(cause, message) };
}
