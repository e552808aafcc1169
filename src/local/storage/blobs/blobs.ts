import { findSnapshots, isCurrent, type Blob, type BlobType } from "../store/blob-rows.ts";
import { findTarget, requireBlob, requireContainer } from "./blob-address.ts";
import type { Call } from "../calls/operation-call.ts";
import { stateHeaders } from "../http/state-headers.ts";
import { addContent, createBlock } from "../store/content-blocks.ts";
import { verifyBlobChecksums, verifyChecksums } from "../http/body-checksums.ts";
import { zeroBlocks } from "../store/content-ranges.ts";
import type { Headers } from "../http/request-headers.ts";
import { StorageError } from "../http/rest-errors.ts";
import { readImmutability, requireMutable } from "./immutability.ts";
import { readPageBlobSize } from "./page-blobs.ts";
import { failureDescriptions, failCopiesReading } from "../pending-copies/pending-copies.ts";
import { readParameter, type StorageResponse } from "../http/storage-request.ts";
import { readTags } from "./blob-tags.ts";
import { defaultTier, inheritedTier, requestedTier, requireOnline } from "./access-tiers.ts";
import { keepFormerVersion } from "./blob-versions.ts";
import {
  changeBlob,
  defaultContentType,
  dropStagedBlocks,
  encryptionHeader,
  readContentHeaders,
  requireWritable,
  versionHeader,
  writeBlob,
  type BlobWrite,
} from "./blob-writes.ts";

/** REST page "Put Blob": a block blob with its content, an empty append blob, or a page blob of zeros. */
export function putBlob(call: Call): StorageResponse {
  const { request, store, now } = call;
  const { body, headers } = request;
  const blobType = parseBlobType(headers["x-ms-blob-type"]);
  const target = findTarget(call);
  requireWritable(call, target.blob);

  const checksums = blobType === "BlockBlob" ? verifyBlobChecksums(body, headers) : undefined;
  if (blobType !== "BlockBlob") verifyChecksums(body, headers);
  if (blobType !== "BlockBlob" && body.length > 0) {
    throw new StorageError("InvalidHeaderValue", { details: { HeaderName: "Content-Length" } });
  }
  const { length, sequenceNumber } =
    blobType === "PageBlob"
      ? readPageBlobSize(headers)
      : { length: body.length, sequenceNumber: 0 };
  const blocks = body.length > 0 ? [createBlock(store, body)] : zeroBlocks(length);
  const blob = writeBlob(call, target, {
    blobType,
    content: addContent(store, blocks),
    length,
    sequenceNumber,
    contentHeaders: {
      contentType: headers["content-type"] ?? defaultContentType,
      ...readContentHeaders(headers),
      ...(checksums && { contentMD5: checksums["Content-MD5"] }),
    },
    metadata: request.metadata,
    ...(requestedTier(headers, { blobType, now }) ??
      (blobType === "BlockBlob" ? inheritedTier(target.blob, now) : defaultTier)),
    tags: readTags(call),
    immutability: readImmutability(headers, now),
  });
  dropStagedBlocks(call, target.container, target.name);
  return {
    status: 201,
    headers: {
      ...stateHeaders(blob),
      ...versionHeader(blob),
      ...encryptionHeader,
      ...checksums,
    },
  };
}

function parseBlobType(text: string | undefined): BlobType {
  if (text === "BlockBlob" || text === "AppendBlob" || text === "PageBlob") return text;
  const details = { HeaderName: "x-ms-blob-type" };
  if (text === undefined) throw new StorageError("MissingRequiredHeader", { details });
  throw new StorageError("InvalidHeaderValue", { details: { ...details, HeaderValue: text } });
}

/** REST page "Set Blob Metadata": replaces all metadata. */
export function setBlobMetadata(call: Call): StorageResponse {
  const existing = requireBlob(call);
  requireWritable(call, existing);
  requireOnline(existing, call.now);
  const container = requireContainer(call);
  const blob = writeBlob(
    call,
    { container, name: existing.name, blob: existing },
    { ...unchangedWrite(existing), metadata: call.request.metadata },
  );
  return {
    status: 200,
    headers: { ...stateHeaders(blob), ...versionHeader(blob), ...encryptionHeader },
  };
}

/** REST page "Set Blob Properties": content headers that are not sent are cleared. */
export function setBlobProperties(call: Call): StorageResponse {
  const { headers } = call.request;
  const unsupported = ["x-ms-blob-content-length", "x-ms-sequence-number-action"];
  const name = unsupported.find((header) => headers[header] !== undefined);
  if (name !== undefined) {
    throw new StorageError("NotImplemented", {
      message: `Set Blob Properties with ${name} is not implemented by this emulator`,
    });
  }
  const existing = requireBlob(call);
  requireWritable(call, existing);
  requireOnline(existing, call.now);
  const blob = changeBlob(call, existing, { contentHeaders: readContentHeaders(headers) });
  return { status: 200, headers: stateHeaders(blob) };
}

/**
 * REST page "Delete Blob". A base blob with snapshots can only be deleted together with them. If the
 * account keeps versions, it becomes a former version. Copies that read from a deleted blob fail.
 */
export function deleteBlob(call: Call): StorageResponse {
  const { request, store, now, accountSettings } = call;
  const blob = requireBlob(call);
  requireWritable(call, blob, withoutWildcard(request.headers));
  const isNamedVersion = readParameter(request.query, "versionid") !== undefined;
  if (isNamedVersion && blob.formerVersion === "") {
    throw new StorageError("OperationNotAllowedOnRootBlob");
  }
  for (const deleted of findDeleted(call, blob)) {
    const becomesVersion = isCurrent(deleted) && accountSettings.versioning;
    if (!becomesVersion) requireMutable(deleted, now);
    if (isCurrent(deleted)) {
      keepFormerVersion(call, deleted);
      dropStagedBlocks(call, requireContainer(call), deleted.name);
    }
    failCopiesReading(store, deleted, { description: failureDescriptions.sourceGone, at: now });
    store.run("DELETE FROM blob WHERE id = ?", deleted.id);
  }
  return { status: 202, headers: { "x-ms-delete-type-permanent": "true" } };
}

/**
 * Delete Blob ignores `If-None-Match: *` and deletes an existing blob, contrary to the REST page: observed
 * in Azure in August 2026 (github.com/apache/opendal/issues/8176).
 */
function withoutWildcard(headers: Headers): Headers {
  const { "if-none-match": condition, ...others } = headers;
  return condition?.trim() === "*" ? others : headers;
}

function findDeleted({ request, store }: Call, blob: Blob): Blob[] {
  const which = request.headers["x-ms-delete-snapshots"];
  const isKnown = which === undefined || which === "include" || which === "only";
  if (!isKnown || (which !== undefined && !isCurrent(blob))) {
    throw new StorageError("InvalidHeaderValue", {
      details: { HeaderName: "x-ms-delete-snapshots", HeaderValue: which ?? "" },
    });
  }
  if (!isCurrent(blob)) return [blob];
  const snapshots = findSnapshots(store, blob);
  if (which === "only") return snapshots;
  if (snapshots.length > 0 && which === undefined) throw new StorageError("SnapshotsPresent");
  return [...snapshots, blob];
}

/** The properties that Set Blob Metadata keeps. Immutability stays with the former version. */
function unchangedWrite(blob: Blob): BlobWrite {
  const { blobType, content, length, contentHeaders, metadata, accessTier, tags } = blob;
  const { tierChangedAt, rehydration, sequenceNumber, isSealed } = blob;
  return {
    blobType,
    content,
    length,
    contentHeaders,
    metadata,
    accessTier,
    tierChangedAt,
    tags,
    rehydration,
    sequenceNumber,
    isSealed,
  };
}
