import { requireOverwrite } from "./authorization.ts";
import { saveBlob, type Blob, type Container, type ContentHeaders } from "./blob-rows.ts";
import { wholeSeconds, type Call } from "./call.ts";
import { requireWriteConditions } from "./conditions.ts";
import { StorageError } from "./errors.ts";
import { leaseAfterWrite, noLease, requireLeaseForWrite } from "./lease-rules.ts";
import { descriptions, failCopiesReading } from "./pending-copies.ts";

/** What a write makes of a blob; the rest (ETag, times, lease) follows from the write itself. */
export type Written = Pick<
  Blob,
  "content" | "length" | "contentHeaders" | "metadata" | "accessTier"
> & {
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

/** Writes a new state of a blob, or a new blob. Copies that are reading the old one fail. */
export function writeBlob(
  call: Call,
  target: { container: Container; name: string; blob?: Blob },
  written: Written,
): Blob {
  const { store, now } = call;
  const { blob: existing } = target;
  const blob: Omit<Blob, "id"> = {
    service: "blob",
    container: target.container.id,
    name: target.name,
    snapshot: "",
    formerVersion: "",
    versionId: null,
    blobType: "BlockBlob",
    rehydration: null,
    tags: {},
    immutability: { policy: null, hasLegalHold: false },
    sequenceNumber: 0,
    isSealed: false,
    createdAt: existing?.createdAt ?? now,
    copy: null,
    ...written,
    etag: store.nextEtag(),
    lastModified: wholeSeconds(now),
    lease: leaseAfterWrite(existing?.lease ?? noLease, now),
  };
  const id = saveBlob(store, blob);
  failCopiesReading(
    store,
    { service: "blob", id },
    { description: descriptions.sourceChanged, at: now },
  );
  return { ...blob, id };
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

/** Properties of a blob and the header each is told in; `x-ms-blob-` before it sets it. */
export const contentHeaderNames = [
  ["contentType", "content-type"],
  ["contentEncoding", "content-encoding"],
  ["contentLanguage", "content-language"],
  ["contentDisposition", "content-disposition"],
  ["cacheControl", "cache-control"],
  ["contentMD5", "content-md5"],
] as const satisfies readonly (readonly [keyof ContentHeaders, string])[];

/** The tier asked for, if any; tiers are kept and told, nothing follows from them yet. */
export function readAccessTier(headers: Readonly<Record<string, string>>): string | undefined {
  const tier = headers["x-ms-access-tier"];
  if (tier !== undefined && !accessTiers.has(tier)) {
    throw new StorageError("InvalidHeaderValue", {
      details: { HeaderName: "x-ms-access-tier", HeaderValue: tier },
    });
  }
  return tier;
}

const accessTiers = new Set(["Hot", "Cool", "Cold", "Archive", "Smart"]);
export const defaultAccessTier = "Hot";

/** Answers what the reader does not keep would be wrong about: named, and refused. */
export function refuseUnread(headers: Readonly<Record<string, string>>): void {
  const name = unreadHeaders.find((header) => (headers[header] ?? "") !== "");
  if (name === undefined) return;
  throw new StorageError("NotImplemented", {
    message: `The header ${name} is not implemented by this emulator`,
  });
}

const unreadHeaders = [
  "x-ms-structured-body",
  "x-ms-content-crc64",
  "x-ms-encryption-key",
  "x-ms-encryption-scope",
  "x-ms-if-tags",
  "x-ms-source-if-tags",
  "x-ms-tags",
  "x-ms-immutability-policy-until-date",
  "x-ms-legal-hold",
  "x-ms-seal-blob",
];
