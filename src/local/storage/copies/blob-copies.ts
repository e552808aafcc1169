import { requireOverwrite } from "../auth/caller.ts";
import type { Blob } from "../store/blob-rows.ts";
import { findTarget, requireBlob } from "../blobs/blob-address.ts";
import type { Call } from "../calls/operation-call.ts";
import { stateHeaders } from "../http/state-headers.ts";
import { requireSourceConditions, requireWriteConditions } from "../calls/request-conditions.ts";
import { addContent } from "../store/content-blocks.ts";
import { zeroBlocks } from "../store/content-ranges.ts";
import { settingsFor, type CopySettings } from "../pending-copies/copy-settings.ts";
import { resolveCopySource, type CopySource } from "./copy-source.ts";
import {
  abortCopy,
  copiedMetadata,
  finishedCopy,
  finishesOnStart,
  pendingCopy,
  startedCopy,
} from "./copy-start-and-abort.ts";
import { StorageError } from "../http/rest-errors.ts";
import { readImmutability } from "../blobs/immutability.ts";
import { noLease, requireLeaseForCopy } from "../leases/lease-rules.ts";
import { savePendingCopy } from "../pending-copies/pending-copies.ts";
import type { StorageResponse } from "../http/storage-request.ts";
import { readTags } from "../blobs/blob-tags.ts";
import {
  defaultTier,
  inheritedTier,
  requestedTier,
  requireOnline,
  startRehydration,
  tierAt,
} from "../blobs/access-tiers.ts";
import {
  dropStagedBlocks,
  requireNoPendingCopy,
  versionHeader,
  writeBlob,
  type BlobWrite,
} from "../blobs/blob-writes.ts";

/**
 * REST page "Copy Blob". Checks in the service's order: source readable, source conditions, destination
 * conditions, pending copy, lease. Then writes the destination: committed, empty, with the source's headers.
 */
export function copyBlob(call: Call): StorageResponse {
  const { request, now } = call;
  const { headers } = request;
  const target = findTarget(call);
  const source = resolveCopySource(call);
  refuseConditionsOnFile(headers, source);
  requireSourceConditions(headers, source.object);
  requireOverwrite(call.caller, target.blob);
  requireWriteConditions(headers, target.blob, "TargetConditionNotMet");
  requireNoPendingCopy(target.blob);
  requireLeaseForCopy(target.blob?.lease ?? noLease, { given: headers["x-ms-lease-id"], now });

  const settings = settingsFor(call.copies, target.container.name, target.name);
  const traits = readTraits(source);
  if (target.blob !== undefined) requireReplaceable(target.blob, traits, now);
  const properties = buildDestination(call, { target, source, traits, settings });
  const start = { source, settings, properties };
  const blob =
    properties.rehydration === null && finishesOnStart(settings, source)
      ? finishOnStart(call, target, start)
      : startPending(call, target, start);
  dropStagedBlocks(call, target.container, target.name);
  return {
    status: 202,
    headers: {
      ...stateHeaders(blob),
      ...versionHeader(blob),
      "x-ms-copy-id": blob.copy?.id,
      "x-ms-copy-status": blob.copy?.status,
    },
  };
}

type Target = ReturnType<typeof findTarget>;
/** Properties that only blobs have. Other sources are copied like plain block blobs. */
type Traits = Pick<
  Blob,
  "blobType" | "accessTier" | "tierChangedAt" | "rehydration" | "sequenceNumber" | "isSealed"
>;
/** The destination without its bytes and copy properties. */
type DestinationProperties = Omit<BlobWrite, "content" | "length" | "copy"> &
  Pick<Blob, "rehydration">;
type Start = { source: CopySource; settings: CopySettings; properties: DestinationProperties };

function readTraits({ object }: CopySource): Traits {
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
function requireReplaceable(existing: Blob, { blobType }: Traits, now: number): void {
  if (existing.blobType !== blobType) throw new StorageError("InvalidBlobType");
  requireOnline(existing, now);
}

/** "These conditional headers are not supported if the source is an Azure file" (REST page "Copy Blob"). */
function refuseConditionsOnFile(
  headers: Readonly<Record<string, string>>,
  { object }: CopySource,
): void {
  const name = Object.keys(headers).find((header) => header.startsWith("x-ms-source-if-"));
  if (object.service === "blob" || name === undefined) return;
  throw new StorageError("UnsupportedHeader", { details: { HeaderName: name } });
}

function finishOnStart(call: Call, target: Target, { source, properties }: Start): Blob {
  const { content, length, contentHeaders } = source.object;
  const copy = finishedCopy(call, source);
  return writeBlob(call, target, { ...properties, content, length, contentHeaders, copy });
}

function startPending(call: Call, target: Target, { source, settings, properties }: Start): Blob {
  const { store } = call;
  const { length } = source.object;
  const pending = (destination: Blob) =>
    pendingCopy(call, { destination, source, settings, from: properties.rehydration?.doneAt });
  // Saved before the destination is emptied, because source and destination may share their content.
  if (target.blob !== undefined) savePendingCopy(store, pending(target.blob));

  const { contentMD5: _, ...contentHeaders } = source.object.contentHeaders; // the destination is still empty
  const blob = writeBlob(call, target, {
    ...properties,
    // "The Blob service creates a destination page blob of the source blob's length, initially
    // containing all zeroes". Other blob types are empty.
    ...(properties.blobType === "PageBlob"
      ? { content: addContent(store, zeroBlocks(length)), length }
      : { content: null, length: 0 }),
    contentHeaders,
    copy: startedCopy(call, source),
  });
  if (target.blob === undefined) savePendingCopy(store, pending(blob));
  return blob;
}

/** Metadata of the request replaces all metadata of the source. Tags are not copied. */
function buildDestination(
  call: Call,
  {
    target,
    source,
    traits,
    settings,
  }: { target: Target; source: CopySource; traits: Traits; settings: CopySettings },
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
  { target, traits, settings }: { target: Target; traits: Traits; settings: CopySettings },
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
function readSeal({ request }: Call, { blobType, isSealed }: Traits): boolean {
  const text = request.headers["x-ms-seal-blob"];
  if (text === undefined) return isSealed;
  if (!/^(true|false)$/i.test(text) || (blobType !== "AppendBlob" && /^true$/i.test(text))) {
    throw new StorageError("InvalidHeaderValue", {
      details: { HeaderName: "x-ms-seal-blob", HeaderValue: text },
    });
  }
  return /^true$/i.test(text);
}

/** REST page "Abort Copy Blob". */
export function abortCopyBlob(call: Call): StorageResponse {
  return abortCopy(call, requireBlob(call));
}
