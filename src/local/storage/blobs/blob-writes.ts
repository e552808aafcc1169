import { requireOverwrite } from "../auth/caller.ts";
import { saveBlob, type Blob, type ContentHeaders } from "../store/blob-rows.ts";
import type { Container } from "../store/container-rows.ts";
import { contentHeaderNames } from "../calls/content-headers.ts";
import { wholeSeconds } from "../http/http-dates.ts";
import type { Call } from "../calls/operation-call.ts";
import { requireWriteConditions } from "../calls/request-conditions.ts";
import { StorageError } from "../http/rest-errors.ts";
import { requireMutable, unprotected } from "./immutability.ts";
import { leaseAfterWrite, noLease, requireLeaseForWrite } from "../leases/lease-rules.ts";
import { failureDescriptions, failCopiesReading } from "../pending-copies/pending-copies.ts";
import { keepFormerVersion, nextVersionId } from "./blob-versions.ts";

/** What a write makes of a blob; the rest (ETag, times, lease, version) follows from the write itself. */
export type BlobWrite = Pick<
  Blob,
  "blobType" | "content" | "length" | "contentHeaders" | "metadata" | "accessTier" | "tags"
> &
  Partial<Pick<Blob, "rehydration" | "immutability" | "sequenceNumber" | "isSealed">> & {
    /** Only Copy Blob leaves copy properties: every other write removes them. */
    copy?: Blob["copy"];
  };

/** Throws unless the request's conditions and lease allow to write here, and no copy is pending. */
export function requireWritable(call: Call, existing: Blob | undefined): void {
  const { headers } = call.request;
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
 * Writes a new blob, or over one that exists: its state before stays as a version where the account
 * keeps versions; where not, it must not be protected. Copies that are reading it fail.
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
 * Changes a blob in place, which makes no version: Set Blob Properties, and what adds to append and
 * page blobs.
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

/** What an answer tells of a write: REST page "Put Blob", `x-ms-version-id`. */
export function versionHeader({ versionId }: Pick<Blob, "versionId">): {
  "x-ms-version-id": string | undefined;
} {
  return { "x-ms-version-id": versionId ?? undefined };
}

/** Uncommitted blocks end with any write of the blob's content. */
export function dropStagedBlocks(call: Call, container: Container, name: string): void {
  call.store.run("DELETE FROM staged_block WHERE container = ? AND blob = ?", container.id, name);
}

/** The `x-ms-blob-*` content headers of a write; those not sent are not kept from before. */
export function readContentHeaders(headers: Readonly<Record<string, string>>): ContentHeaders {
  const sent: ContentHeaders = {};
  for (const [property, header] of contentHeaderNames) {
    const value = headers[`x-ms-blob-${header}`];
    if (value !== undefined && value !== "") sent[property] = value;
  }
  return sent;
}

/** What the service takes where nobody names a type. */
export const defaultContentType = "application/octet-stream";

/** Storage encrypts everything at rest, and says so; that is all that the emulator does of it. */
export const encryptionHeader = { "x-ms-request-server-encrypted": "true" };

/** Answers what the reader does not keep would be wrong about: named, and refused. */
export function refuseUnsupportedHeaders(headers: Readonly<Record<string, string>>): void {
  const name = unsupportedHeaders.find((header) => (headers[header] ?? "") !== "");
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
