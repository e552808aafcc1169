import { requireOverwrite } from "../auth/caller.ts";
import { saveBlob, type Blob, type ContentHeaders } from "../store/blob-rows.ts";
import type { Container } from "../store/container-rows.ts";
import { contentHeaderNames } from "../calls/content-headers.ts";
import { wholeSeconds } from "../http/http-dates.ts";
import type { Call } from "../calls/operation-call.ts";
import type { OperationName } from "../http/rest-operation.ts";
import { requireWriteConditions } from "../calls/request-conditions.ts";
import { StorageError } from "../http/rest-errors.ts";
import { requireMutable, unprotected } from "./immutability.ts";
import { leaseAfterWrite, noLease, requireLeaseForWrite } from "../leases/lease-rules.ts";
import { failureDescriptions, failCopiesReading } from "../pending-copies/pending-copies.ts";
import { keepFormerVersion, nextVersionId } from "./blob-versions.ts";

/** The properties that a write sets. `writeBlob` sets the others: ETag, times, lease, version. */
export type BlobWrite = Pick<
  Blob,
  | "blobType"
  | "content"
  | "length"
  | "contentHeaders"
  | "metadata"
  | "accessTier"
  | "tierChangedAt"
  | "tags"
> &
  Partial<Pick<Blob, "rehydration" | "immutability" | "sequenceNumber" | "isSealed">> & {
    /** Only Copy Blob sets copy properties: all other writes remove them. */
    copy?: Blob["copy"];
  };

/** Throws unless the request's conditions and lease allow the write, and no copy is pending. */
export function requireWritable(
  call: Call,
  existing: Blob | undefined,
  headers = call.request.headers,
): void {
  requireOverwrite(call.caller, existing);
  requireWriteConditions(headers, existing);
  requireNoPendingCopy(existing);
  requireLeaseForWrite(existing?.lease ?? noLease, {
    given: headers["x-ms-lease-id"],
    now: call.now,
  });
}

export function requireNoPendingCopy(blob: Blob | undefined): void {
  if (blob?.copy?.status === "pending") throw new StorageError("PendingCopyOperation");
}

/**
 * Creates or overwrites a blob. If the account keeps versions, the existing blob becomes a former version;
 * otherwise it must not be protected. Copies that read the existing blob fail.
 */
export function writeBlob(
  call: Call,
  target: { container: Container; name: string; blob?: Blob },
  written: BlobWrite,
): Blob {
  const { store, now, accountSettings } = call;
  const { blob: existing } = target;
  if (existing !== undefined) {
    if (!accountSettings.versioning) requireMutable(existing, now);
    keepFormerVersion(call, existing);
  }
  const place = { container: target.container.id, name: target.name };
  return save(call, {
    service: "blob",
    rehydration: null,
    immutability: unprotected,
    sequenceNumber: 0,
    isSealed: false,
    copy: null,
    ...written,
    ...place,
    snapshot: "",
    formerVersion: "",
    versionId: nextVersionId(call, place),
    createdAt: existing?.createdAt ?? now,
    etag: store.nextEtag(),
    lastModified: wholeSeconds(now),
    lease: leaseAfterWrite(existing?.lease ?? noLease, now),
  });
}

/**
 * Changes a blob in place without creating a version: Set Blob Properties, Append Block, Put Page.
 */
export function changeBlob(call: Call, existing: Blob, changes: Partial<BlobWrite>): Blob {
  const { store, now } = call;
  requireMutable(existing, now);
  return save(call, {
    ...existing,
    copy: null,
    ...changes,
    etag: store.nextEtag(),
    lastModified: wholeSeconds(now),
    lease: leaseAfterWrite(existing.lease, now),
  });
}

function save({ store, now }: Call, blob: Omit<Blob, "id">): Blob {
  const id = saveBlob(store, blob);
  failCopiesReading(
    store,
    { service: "blob", id },
    { description: failureDescriptions.sourceChanged, at: now },
  );
  return { ...blob, id };
}

/** `x-ms-version-id` of a response (REST page "Put Blob"). */
export function versionHeader({ versionId }: Pick<Blob, "versionId">): {
  "x-ms-version-id": string | undefined;
} {
  return { "x-ms-version-id": versionId ?? undefined };
}

/** Deletes the uncommitted blocks of a blob, as every write of its content does. */
export function dropStagedBlocks(call: Call, container: Container, name: string): void {
  call.store.run("DELETE FROM staged_block WHERE container = ? AND blob = ?", container.id, name);
}

/** The `x-ms-blob-*` content headers of a write. Headers that were not sent are cleared. */
export function readContentHeaders(headers: Readonly<Record<string, string>>): ContentHeaders {
  const sent: ContentHeaders = {};
  for (const [property, header] of contentHeaderNames) {
    const value = headers[`x-ms-blob-${header}`];
    if (value !== undefined && value !== "") sent[property] = value;
  }
  return sent;
}

/** The content type of writes without one. */
export const defaultContentType = "application/octet-stream";

/** Storage reports that all data is encrypted at rest. The emulator returns the header only. */
export const encryptionHeader = { "x-ms-request-server-encrypted": "true" };

/** Rejects headers that this emulator does not support and must not ignore. */
export function refuseUnsupportedHeaders(
  headers: Readonly<Record<string, string>>,
  operation: OperationName,
): void {
  const name = unsupportedHeaders.find(
    (header) =>
      (headers[header] ?? "") !== "" &&
      !(header === "x-ms-content-crc64" && crc64Operations.has(operation)) &&
      !(header === "x-ms-copy-source-tag-option" && operation === "CopyBlobFromUrl"),
  );
  if (name === undefined) return;
  throw new StorageError("NotImplemented", {
    message: `The header ${name} is not implemented by this emulator`,
  });
}

const unsupportedHeaders = [
  "x-ms-structured-body",
  "x-ms-content-crc64",
  "x-ms-encryption-key",
  "x-ms-encryption-scope",
  "x-ms-copy-source-tag-option",
];

const crc64Operations: ReadonlySet<OperationName> = new Set([
  "PutBlob",
  "PutBlock",
  "PutBlockList",
  "AppendBlock",
  "PutPage",
]);
