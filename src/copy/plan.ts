import type { CopyOptions } from "./copy-request.ts";
import { endpointUrl, parseEndpoint } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import { failure } from "./failure.ts";
import type { Cause } from "./failure.ts";
import type { DestinationSeen, SourceSeen } from "./seen.ts";
import type { CopyInput, CopyPlan, Prepared } from "./steps.ts";

/** What a source and a destination, as they were just seen, mean for a copy. */
export function decide(
  copy: Pick<CopyInput, "source" | "destination" | "options">,
  source: SourceSeen,
  destination: DestinationSeen | null,
): Prepared {
  const refused = refuseSource(copy, source) ?? refuseDestination(copy.destination, destination);
  if (refused !== null) return refused;
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
): Prepared | null {
  const url = endpointUrl(source);
  if (seen.copyPending) {
    return failed(
      "source-copy-pending",
      `Cannot copy the source as a copy onto it is pending: ${url}`,
    );
  }
  if (seen.blobType !== "BlockBlob") {
    return failed("not-supported", `Cannot copy the source as it is a ${seen.blobType}: ${url}`);
  }
  if (seen.archived && (options.tier === null || options.tier === "Archive")) {
    return failed("source-archived", `Cannot copy the source as it is archived: ${url}`);
  }
  return null;
}

function refuseDestination(destination: Endpoint, seen: DestinationSeen | null): Prepared | null {
  if (seen === null) return null;
  const url = endpointUrl(destination);
  if (seen.copy?.status === "pending") {
    const { copyId, progress } = seen.copy;
    const done = progress === null ? "unknown" : `${progress.bytesCopied}/${progress.totalBytes}`;
    const message = `Cannot copy onto the destination as copy ${copyId} onto it is pending (bytes ${done}): ${url}`;
    return failed("destination-busy", message);
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
): Prepared | null {
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

function failed(cause: Cause, message: string): Prepared {
  return { state: "failed", failure: failure(cause, message) };
}

function withoutQuery(url: string): string {
  const end = url.indexOf("?");
  return end < 0 ? url : url.slice(0, end);
}
