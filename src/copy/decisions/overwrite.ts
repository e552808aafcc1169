import { failure } from "../contract/failure.ts";
import type { NotStarted } from "../contract/activities.ts";
import type {
  CopyProperties,
  DestinationProperties,
  SourceProperties,
} from "../contract/properties.ts";
import { endpointUrl, isEchoOf, isOntoItself } from "../location/endpoint.ts";
import type { Destination, Endpoint } from "../location/endpoint.ts";
import type { CopyOptions } from "../request/copy-options.ts";
import type { EpochMs } from "../time.ts";

/** The part of an existing destination that decides whether it has content, and how old the content is. */
export type Existing = Pick<
  DestinationProperties,
  "length" | "lastModified" | "contentMd5" | "copy"
>;

type Compared = Pick<SourceProperties, "length" | "lastModified" | "contentMd5">;

type Sides = { source: Endpoint; destination: Destination };

type LastCopied = Pick<Existing, "length"> & { copy: Pick<CopyProperties, "status"> | null };

/**
 * Returns true for the empty object that an unsuccessful copy left ("Abort Copy Blob": zero length, full metadata). It
 * is not content: no option protects it, no copy reads it, and its Last-Modified is that of the failure.
 */
export function isStub({ length, copy }: LastCopied): boolean {
  return length === 0 && (copy?.status === "failed" || copy?.status === "aborted");
}

/** Why a source that is a stub cannot be copied, as a text that completes "because"; null for any other source. */
export function whyNoContent(source: LastCopied): string | null {
  if (!isStub(source)) return null;
  const what = source.copy?.status === "aborted" ? "was aborted" : "failed";
  return `a copy onto it ${what} and left it empty`;
}

/** Decides whether `overwrite` allows the copy to replace the existing destination; null if it does. */
export function refuseOverwrite(
  copy: Sides & { options: CopyOptions; writtenAt?: EpochMs | null },
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
 * - if the destination is an unchanged copy of this source, its content is an earlier or the current state of the
 *   source, so within the same second the source is newer if its length or MD5 differs, or if no MD5 is known;
 * - content that a rollback restored was written at `writtenAt`, before the copy that was rolled back.
 */
export function isNewer(
  { source, destination, writtenAt = null }: Sides & { writtenAt?: EpochMs | null },
  read: Compared,
  existing: Existing,
): boolean {
  const { lastModified } = read;
  if (isStub(existing) || lastModified > (writtenAt ?? existing.lastModified)) return true;
  const { copy } = existing;
  if (copy?.status !== "success" || isOntoItself(source, destination)) return false;
  const isOfSecond = lastModified === existing.lastModified && isEchoOf(source, copy.source);
  return isOfSecond && isUnchanged(existing, copy) && !hasContentOf(existing, read);
}

function hasContentOf(existing: Existing, { length, contentMd5 = null }: Compared): boolean {
  return length === existing.length && contentMd5 !== null && contentMd5 === existing.contentMd5;
}

/** Append Block and Put Page change a blob, but Storage still returns the properties of its last copy. */
function isUnchanged({ lastModified }: Existing, { completedAt }: CopyProperties): boolean {
  return completedAt !== null && lastModified <= completedAt;
}
