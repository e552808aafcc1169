import { failure } from "../contract/failure.ts";
import type { NotStarted } from "../contract/activities.ts";
import type {
  CopyProperties,
  DestinationProperties,
  SourceProperties,
} from "../contract/properties.ts";
import { endpointUrl, isEchoOf, isOntoItself } from "../location/endpoint.ts";
import type { Destination, Endpoint } from "../location/endpoint.ts";
import { storageTime } from "../location/storage-query.ts";
import type { CopyOptions } from "../request/copy-options.ts";
import { parseTime } from "../time.ts";
import type { EpochMs } from "../time.ts";

/** The part of an existing destination that decides whether it has content, and how old the content is. */
export type Existing = Pick<DestinationProperties, "length" | "lastModified" | "blobType" | "copy">;

/**
 * The copy that this one repeats: when it was requested, and when it was settled (epoch ms). It had found that the
 * source is newer than the destination.
 */
export type RepeatedCopy = { from: EpochMs; until: EpochMs };

type Sides = { source: Endpoint; destination: Destination };

/**
 * Returns true for the empty object that an unsuccessful copy left ("Abort Copy Blob": zero length, full metadata). It
 * is not content: no option protects it, and its Last-Modified is that of the failure.
 */
export function isStub({ length, copy }: Pick<Existing, "length" | "copy">): boolean {
  return length === 0 && (copy?.status === "failed" || copy?.status === "aborted");
}

/** Decides whether `overwrite` lets the copy replace the existing destination; null if it does. */
export function refuseOverwrite(
  copy: Sides & { options: CopyOptions; repeats?: RepeatedCopy | null },
  source: SourceProperties | null,
  existing: Existing,
): Extract<NotStarted, { kind: "skip" | "failed" }> | null {
  const { overwrite } = copy.options;
  if (overwrite === "always" || isStub(existing)) return null;
  switch (overwrite) {
    case "skip":
      return { kind: "skip", reason: "The destination exists" };
    case "if-newer":
      return source !== null && isNewer(copy, source, existing)
        ? null
        : { kind: "skip", reason: "The destination is as new as the source, or newer" };
    case "fail": {
      const message = `Cannot copy onto the destination because it exists: ${endpointUrl(copy.destination)}`;
      return { kind: "failed", failure: failure("destination-exists", message) };
    }
  }
}

/**
 * Returns true if the source is newer than the content of the destination. The time of the content is Last-Modified,
 * in whole seconds, except:
 *
 * - a stub has no content;
 * - of a copy of this source that has not been changed since, the content is an earlier or the current state of the
 *   source, so within one second the source counts as newer;
 * - content that was restored from a snapshot of the destination existed when the snapshot was taken.
 */
export function isNewer(
  { source, destination, repeats = null }: Sides & { repeats?: RepeatedCopy | null },
  { lastModified }: Pick<SourceProperties, "lastModified">,
  existing: Existing,
): boolean {
  if (isStub(existing) || lastModified > existing.lastModified) return true;
  const { copy } = existing;
  if (copy?.status !== "success" || isOntoItself(source, destination)) return false;
  if (isEchoOf(source, copy.source)) {
    return lastModified === existing.lastModified && isUnchanged(existing, copy);
  }
  const restoredFrom = existing.blobType === "BlockBlob" ? ownSnapshot(destination, copy) : null;
  if (restoredFrom === null) return false;
  const isByRepeated =
    repeats !== null && repeats.from <= restoredFrom && restoredFrom <= repeats.until;
  return isByRepeated || lastModified > restoredFrom;
}

/** Append Block and Put Page change a blob, but Storage still returns its last copy then. */
function isUnchanged({ lastModified }: Existing, { completedAt }: CopyProperties): boolean {
  return completedAt !== null && lastModified <= completedAt;
}

/**
 * The time of the snapshot of the destination from which its content was copied; null if it was not. Only the last copy
 * of a block blob is known to be its content, whatever has changed its Last-Modified since.
 */
function ownSnapshot(destination: Destination, { source }: CopyProperties): EpochMs | null {
  const snapshot = new URLSearchParams(source.split("?")[1] ?? "").get("snapshot");
  if (destination.service !== "blob" || snapshot === null || !storageTime.test(snapshot)) {
    return null;
  }
  return isEchoOf({ ...destination, snapshot }, source) ? parseTime(snapshot) : null;
}
