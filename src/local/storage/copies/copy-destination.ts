import type { Call } from "../calls/operation-call.ts";
import type { findTarget } from "../blobs/blob-address.ts";
import type { Blob } from "../store/blob-rows.ts";
import type { CopySettings } from "../pending-copies/copy-settings.ts";
import type { CopySource } from "./copy-source.ts";
import { copiedMetadata } from "./copy-start-and-abort.ts";
import { StorageError } from "../http/rest-errors.ts";
import { readImmutability } from "../blobs/immutability.ts";
import { readTags } from "../blobs/blob-tags.ts";
import {
  defaultTier,
  inheritedTier,
  requestedTier,
  requireOnline,
  startRehydration,
  tierAt,
} from "../blobs/access-tiers.ts";
import type { BlobWrite } from "../blobs/blob-writes.ts";

/* The destination of Copy Blob and of Copy Blob From URL, except its bytes and copy properties. */

export type CopyTarget = ReturnType<typeof findTarget>;
/** Properties that only blobs have. Other sources are copied like plain block blobs. */
export type SourceTraits = Pick<
  Blob,
  "blobType" | "accessTier" | "tierChangedAt" | "rehydration" | "sequenceNumber" | "isSealed"
>;
/** The destination without its bytes and copy properties. */
export type DestinationProperties = Omit<BlobWrite, "content" | "length" | "copy"> &
  Pick<Blob, "rehydration">;

export function readTraits({ object }: CopySource): SourceTraits {
  if (object.service === "blob") return object;
  return {
    blobType: "BlockBlob",
    ...defaultTier,
    rehydration: null,
    sequenceNumber: 0,
    isSealed: false,
  };
}

/**
 * "If the destination blob already exists, it must be of the same blob type as the source blob", and
 * "Overwriting an archived blob will fail" (REST page "Copy Blob").
 */
export function requireReplaceable(existing: Blob, { blobType }: SourceTraits, now: number): void {
  if (existing.blobType !== blobType) throw new StorageError("InvalidBlobType");
  requireOnline(existing, now);
}

/** Metadata of the request replaces all metadata of the source. Tags are not copied. */
export function buildDestination(
  call: Call,
  {
    target,
    source,
    traits,
    settings,
  }: { target: CopyTarget; source: CopySource; traits: SourceTraits; settings: CopySettings },
): DestinationProperties {
  const { request, now } = call;
  return {
    blobType: traits.blobType,
    sequenceNumber: traits.sequenceNumber,
    contentHeaders: source.object.contentHeaders,
    metadata: copiedMetadata(call, source),
    tags: readTags(call),
    immutability: readImmutability(request.headers, now),
    isSealed: readSeal(call, traits),
    ...destinationTier(call, { target, traits, settings }),
  };
}

/** The requested tier, or the destination's own. A source in the archive tier is rehydrated first. */
function destinationTier(
  { request, now }: Call,
  {
    target,
    traits,
    settings,
  }: { target: CopyTarget; traits: SourceTraits; settings: CopySettings },
): Pick<Blob, "accessTier" | "tierChangedAt" | "rehydration"> {
  const requested = requestedTier(request.headers, { blobType: traits.blobType, now });
  const current = tierAt(traits, now);
  if (current.rehydration !== null) throw new StorageError("BlobBeingRehydrated");
  if (current.accessTier === "Archive") {
    const to = requested?.accessTier ?? "Archive";
    if (to === "Archive") throw new StorageError("BlobArchived");
    const rehydration = startRehydration(request.headers, { to, now, settings });
    return { accessTier: "Archive", tierChangedAt: now, rehydration };
  }
  // "Tier is inherited for premium storage tiers", which page blobs have.
  const inherited = traits.blobType === "PageBlob" ? current : inheritedTier(target.blob, now);
  return { ...(requested ?? inherited), rehydration: null };
}

/** The copy of a sealed blob is sealed unless `x-ms-seal-blob` is false (REST page "Append Blob Seal"). */
function readSeal({ request }: Call, { blobType, isSealed }: SourceTraits): boolean {
  const text = request.headers["x-ms-seal-blob"];
  if (text === undefined) return isSealed;
  if (!/^(true|false)$/i.test(text) || (blobType !== "AppendBlob" && /^true$/i.test(text))) {
    throw new StorageError("InvalidHeaderValue", {
      details: { HeaderName: "x-ms-seal-blob", HeaderValue: text },
    });
  }
  return /^true$/i.test(text);
}
