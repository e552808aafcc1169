import type { CopyOptions } from "./copy-request.ts";
import { endpointUrl, parseEndpoint } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import { failure } from "./failure.ts";
import type { Cause } from "./failure.ts";
import type { CopySeen, DestinationSeen, SourceSeen } from "./seen.ts";
import type { Busy, CopyInput, CopyPlan, Prepared } from "./steps.ts";

export type Decision =
  | Exclude<Prepared, { state: "ended" | "trouble" }>
  /** A copy that is not ours is to be aborted first; where it may be ours after all, wait. */
  | { state: "replace"; copyId: string; otherwise: Busy };

/** What a source and a destination, as they were just seen, mean for a copy. */
export function decide(
  copy: Pick<CopyInput, "source" | "destination" | "options">,
  source: SourceSeen,
  destination: DestinationSeen | null,
): Decision {
  const obstacle = refuseSource(copy, source) ?? refuseDestination(copy, destination);
  if (obstacle !== null) return obstacle;
  const skip = destination === null ? null : refuseOverwrite(copy, source, destination);
  if (skip !== null) return skip;
  return {
    state: "planned",
    plan: {
      source: { etag: source.etag, length: source.length },
      destinationEtag: destination?.etag ?? null,
    },
  };
}

/**
 * Whether the copy seen on the destination is the one this plan started: it is from our source, and it
 * began after the plan (the destination was absent then, or had another ETag; had a copy been pending
 * then, there would be no plan). Only asked while we hold the destination's slot.
 */
export function isOurs(plan: CopyPlan, source: Endpoint, seen: DestinationSeen): boolean {
  if (seen.copy === null || seen.etag === plan.destinationEtag) return false;
  const echoed = parseEndpoint(
    withoutQuery(seen.copy.source),
    source.emulated ? source.origin : null,
  );
  return echoed.ok && endpointUrl(echoed.endpoint) === endpointUrl(source);
}

function refuseSource(
  { source, options }: { source: Endpoint; options: CopyOptions },
  seen: SourceSeen,
): Decision | null {
  const url = endpointUrl(source);
  if (seen.pendingCopy !== null) {
    const { copyId } = seen.pendingCopy;
    const done = bytesOf(seen.pendingCopy);
    const message = `Cannot copy the source as copy ${copyId} onto it is pending (${done}): ${url}`;
    return {
      state: "busy",
      end: "source",
      waitsFor: `Waits for copy ${copyId} onto the source to end (${done})`,
      failure: failure("source-copy-pending", message),
    };
  }
  if (seen.blobType !== "BlockBlob") {
    return failed("not-supported", `Cannot copy the source as it is a ${seen.blobType}: ${url}`);
  }
  if (seen.archived && (options.tier === null || options.tier === "Archive")) {
    return failed("source-archived", `Cannot copy the source as it is archived: ${url}`);
  }
  return null;
}

function refuseDestination(
  { destination, options }: { destination: Endpoint; options: CopyOptions },
  seen: DestinationSeen | null,
): Decision | null {
  if (seen === null) return null;
  const url = endpointUrl(destination);
  if (seen.copy?.status === "pending") {
    const { copyId } = seen.copy;
    const done = bytesOf(seen.copy);
    const message = `Cannot copy onto the destination as copy ${copyId} onto it is pending (${done}): ${url}`;
    const reason = failure("destination-busy", message);
    if (options.ifBusy === "fail") return { state: "failed", failure: reason };
    const waitsFor = `Waits for copy ${copyId} onto the destination to end (${done})`;
    const busy: Busy = { state: "busy", end: "destination", waitsFor, failure: reason };
    // Nothing is aborted in favour of a copy that could not be started afterwards.
    if (options.ifBusy === "wait" || seen.archived || seen.blobType !== "BlockBlob") return busy;
    return { state: "replace", copyId, otherwise: busy };
  }
  if (seen.archived) {
    return failed(
      "destination-archived",
      `Cannot copy onto the destination as it is archived: ${url}`,
    );
  }
  if (seen.blobType !== "BlockBlob") {
    const message = `Cannot copy a block blob onto the destination as it is a ${seen.blobType}: ${url}`;
    return failed("destination-type-mismatch", message);
  }
  return null;
}

function refuseOverwrite(
  { destination, options }: { destination: Endpoint; options: CopyOptions },
  source: SourceSeen,
  seen: DestinationSeen,
): Decision | null {
  switch (options.overwrite) {
    case "always":
      return null;
    case "skip":
      return { state: "skip", reason: "The destination exists" };
    case "if-newer":
      return source.lastModified > seen.lastModified
        ? null
        : { state: "skip", reason: "The destination is as new as the source, or newer" };
    case "fail": {
      const message = `Cannot copy onto the destination as it exists: ${endpointUrl(destination)}`;
      return failed("destination-exists", message);
    }
  }
}

function bytesOf({ progress }: Pick<CopySeen, "progress">): string {
  return progress === null
    ? "bytes unknown"
    : `bytes ${progress.bytesCopied}/${progress.totalBytes}`;
}

function failed(cause: Cause, message: string): Decision {
  return { state: "failed", failure: failure(cause, message) };
}

function withoutQuery(url: string): string {
  const end = url.indexOf("?");
  return end < 0 ? url : url.slice(0, end);
}
