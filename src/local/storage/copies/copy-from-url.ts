import { requireOverwrite } from "../auth/caller.ts";
import { findTarget } from "../blobs/blob-address.ts";
import { tierAt } from "../blobs/access-tiers.ts";
import {
  dropStagedBlocks,
  encryptionHeader,
  requireNoPendingCopy,
  versionHeader,
  writeBlob,
} from "../blobs/blob-writes.ts";
import type { Call } from "../calls/operation-call.ts";
import { requireSourceConditions, requireWriteConditions } from "../calls/request-conditions.ts";
import { verifyMd5 } from "../http/body-checksums.ts";
import { crc64 } from "../http/crc64.ts";
import { invalidHeader, missingHeader, readKeyword } from "../http/request-headers.ts";
import { StorageError } from "../http/rest-errors.ts";
import { stateHeaders } from "../http/state-headers.ts";
import type { StorageResponse } from "../http/storage-request.ts";
import { noLease, requireLeaseForCopy } from "../leases/lease-rules.ts";
import { settingsFor } from "../pending-copies/copy-settings.ts";
import { readContent } from "../store/content-blocks.ts";
import { buildDestination, readTraits, requireReplaceable } from "./copy-destination.ts";
import type { SourceTraits } from "./copy-destination.ts";
import { cannotVerify, resolveCopySource, type CopySource } from "./copy-source.ts";
import { finishedCopy } from "./copy-start-and-abort.ts";

/** "The size of the source blob can be a maximum length of up to 256 MiB" (REST page "Copy Blob From URL"). */
const maxSourceBytes = 256 * 1024 * 1024;

/**
 * REST page "Copy Blob From URL": the copy is complete when the service responds. The source must be a block blob that
 * its URL or `x-ms-copy-source-authorization` authorizes the service to read, also in the destination's own account.
 */
export function copyBlobFromUrl(call: Call): StorageResponse {
  const { request, now } = call;
  const { headers } = request;
  if (headers["x-ms-copy-source"] === undefined) throw missingHeader("x-ms-copy-source");
  const copiesTags = readTagOption(headers);
  const target = findTarget(call);
  const authorization = readSourceAuthorization(headers);
  const source = resolveCopySource(call, { by: "url", authorization, withTags: copiesTags });
  // According to Azurite's code, the service ignores x-ms-source-if-tags here.
  const { "x-ms-source-if-tags": _, ...conditions } = headers;
  requireSourceConditions(conditions, source.object);
  const traits = readTraits(source);
  requireCopyable(call, source, traits);
  requireOverwrite(call.caller, target.blob);
  requireWriteConditions(headers, target.blob, "TargetConditionNotMet");
  requireNoPendingCopy(target.blob);
  requireLeaseForCopy(target.blob?.lease ?? noLease, { given: headers["x-ms-lease-id"], now });
  if (target.blob !== undefined) requireReplaceable(target.blob, traits, now);

  const { content, length, contentHeaders } = source.object;
  const checksum = verifySourceMd5(call, source);
  const settings = settingsFor(call.copies, target.container.name, target.name);
  const properties = buildDestination(call, { target, source, traits, settings });
  const copy = finishedCopy(call, source);
  const tags =
    copiesTags && source.object.service === "blob" ? source.object.tags : properties.tags;
  const written = { ...properties, tags, content, length, contentHeaders, copy };
  const blob = writeBlob(call, target, written);
  dropStagedBlocks(call, target.container, target.name);
  return {
    status: 202,
    headers: {
      ...stateHeaders(blob),
      ...versionHeader(blob),
      ...encryptionHeader,
      ...checksum,
      "x-ms-copy-id": copy.id,
      "x-ms-copy-status": "success",
    },
  };
}

type Headers = Readonly<Record<string, string>>;

/** Returns true if the source's tags are copied. `REPLACE` is the default. */
function readTagOption(headers: Headers): boolean {
  const option = readKeyword(headers, "x-ms-copy-source-tag-option", ["COPY", "REPLACE"]);
  if (option === "COPY" && (headers["x-ms-tags"] ?? "") !== "") {
    throw new StorageError("BothUserTagsAndSourceTagsCopyPresentException");
  }
  return option === "COPY";
}

/** "Only Bearer type is supported" (the header's description in the service's specification). */
function readSourceAuthorization(headers: Headers): string | undefined {
  const name = "x-ms-copy-source-authorization";
  const authorization = headers[name];
  if (authorization === undefined || /^bearer ./i.test(authorization)) return authorization;
  throw invalidHeader(name, "not a bearer token");
}

/** Throws for a source that is too long, archived, or not a block blob. */
function requireCopyable(call: Call, { object }: CopySource, traits: SourceTraits): void {
  const { accessTier, rehydration } = tierAt(traits, call.now);
  if (rehydration !== null) throw cannotVerify(call, new StorageError("BlobBeingRehydrated"));
  if (accessTier === "Archive") throw cannotVerify(call, new StorageError("BlobArchived"));
  if (traits.blobType !== "BlockBlob") throw new StorageError("InvalidBlobType");
  if (object.length > maxSourceBytes) {
    throw new StorageError("CannotVerifyCopySource", {
      status: 409,
      message: `The source has ${object.length} bytes, and the limit is ${maxSourceBytes}.`,
    });
  }
}

/** Verifies `x-ms-source-content-md5`. Returns the MD5 if it was sent, otherwise the CRC64. */
function verifySourceMd5(
  { request, store }: Call,
  { object: { content, length } }: CopySource,
): { "Content-MD5": string } | { "x-ms-content-crc64": string } {
  const bytes = readContent(store, content, { start: 0, end: length });
  const announced = request.headers["x-ms-source-content-md5"];
  return announced === undefined
    ? { "x-ms-content-crc64": crc64(bytes) }
    : { "Content-MD5": verifyMd5(bytes, announced) };
}
