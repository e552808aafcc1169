import { createHash } from "node:crypto";
import { snapshotsOf, type Blob } from "./blob-rows.ts";
import { requireContainer, findTarget, requireBlob, stateHeaders, type Call } from "./call.ts";
import { addContent, wholeBlock } from "./content.ts";
import { StorageError } from "./errors.ts";
import { descriptions, failCopiesReading } from "./pending-copies.ts";
import type { StorageAnswer } from "./request.ts";
import type { Store } from "./store.ts";
import {
  dropStagedBlocks,
  readAccessTier,
  readContentHeaders,
  requireWritable,
  writeBlob,
} from "./writes.ts";

/** REST page "Put Blob", for block blobs. */
export function putBlob(call: Call): StorageAnswer {
  const { request, store } = call;
  requireBlockBlob(request.headers["x-ms-blob-type"]);
  const target = findTarget(call);
  requireWritable(call, target.blob);

  const { body } = request;
  const md5 = requireIntact(body, request.headers["content-md5"]);
  const contentHeaders = readContentHeaders(request.headers);
  const content = body.length === 0 ? null : addContent(store, [wholeBlock(store, body)]);
  const blob = writeBlob(call, target, {
    content,
    length: body.length,
    contentHeaders: {
      contentMD5: md5,
      contentType: request.headers["content-type"] ?? defaultContentType,
      ...contentHeaders,
    },
    metadata: request.metadata,
    accessTier: readAccessTier(request.headers) ?? target.blob?.accessTier ?? null,
  });
  dropStagedBlocks(call, target.container, target.name);
  return {
    status: 201,
    headers: { ...stateHeaders(blob), "Content-MD5": md5, ...encrypted },
  };
}

function requireBlockBlob(blobType: string | undefined): void {
  if (blobType === undefined) {
    throw new StorageError("MissingRequiredHeader", { details: { HeaderName: "x-ms-blob-type" } });
  }
  if (blobType === "BlockBlob") return;
  if (blobType === "PageBlob" || blobType === "AppendBlob") {
    throw new StorageError("NotImplemented", {
      message: `Put Blob with blob type ${blobType} is not implemented by this emulator`,
    });
  }
  throw new StorageError("InvalidHeaderValue", {
    details: { HeaderName: "x-ms-blob-type", HeaderValue: blobType },
  });
}

/** The body's MD5 in base64; throws `Md5Mismatch` when the sender announced another. */
export function requireIntact(body: Buffer, announced: string | undefined): string {
  const md5 = createHash("md5").update(body).digest("base64");
  if (announced !== undefined && announced !== md5) {
    if (Buffer.from(announced, "base64").length !== 16) throw new StorageError("InvalidMd5");
    throw new StorageError("Md5Mismatch", {
      details: { UserSpecifiedMd5: announced, ServerCalculatedMd5: md5 },
    });
  }
  return md5;
}

/** What the service takes where nobody names a type. */
export const defaultContentType = "application/octet-stream";

/** Storage encrypts everything at rest, and says so; that is all that the emulator does of it. */
export const encrypted = { "x-ms-request-server-encrypted": "true" };

/** REST page "Set Blob Metadata": replaces all of it. */
export function setBlobMetadata(call: Call): StorageAnswer {
  const existing = requireBlob(call);
  requireWritable(call, existing);
  const container = requireContainer(call);
  const blob = writeBlob(
    call,
    { container, name: existing.name, blob: existing },
    { ...kept(existing), metadata: call.request.metadata },
  );
  return { status: 200, headers: { ...stateHeaders(blob), ...encrypted } };
}

/** REST page "Set Blob Properties": content headers that are not sent are cleared. */
export function setBlobProperties(call: Call): StorageAnswer {
  const existing = requireBlob(call);
  requireWritable(call, existing);
  const container = requireContainer(call);
  const blob = writeBlob(
    call,
    { container, name: existing.name, blob: existing },
    { ...kept(existing), contentHeaders: readContentHeaders(call.request.headers) },
  );
  return { status: 200, headers: stateHeaders(blob) };
}

/**
 * REST page "Delete Blob". A base blob with snapshots goes only together with them; copies that read
 * from what is deleted fail.
 */
export function deleteBlob(call: Call): StorageAnswer {
  const { request, store, now } = call;
  const blob = requireBlob(call);
  requireWritable(call, blob);
  for (const gone of toDelete(store, blob, request.headers["x-ms-delete-snapshots"])) {
    failCopiesReading(store, gone, { description: descriptions.sourceGone, at: now });
    store.run("DELETE FROM blob WHERE id = ?", gone.id);
    if (gone.snapshot === "") dropStagedBlocks(call, requireContainer(call), gone.name);
  }
  return { status: 202, headers: { "x-ms-delete-type-permanent": "true" } };
}

function toDelete(store: Store, blob: Blob, which: string | undefined): Blob[] {
  if (which !== undefined && ((which !== "include" && which !== "only") || blob.snapshot !== "")) {
    throw new StorageError("InvalidHeaderValue", {
      details: { HeaderName: "x-ms-delete-snapshots", HeaderValue: which },
    });
  }
  if (blob.snapshot !== "") return [blob];
  const snapshots = snapshotsOf(store, blob);
  if (which === "only") return snapshots;
  if (snapshots.length > 0 && which === undefined) throw new StorageError("SnapshotsPresent");
  return [...snapshots, blob];
}

function kept({ content, length, contentHeaders, metadata, accessTier }: Kept): Kept {
  return { content, length, contentHeaders, metadata, accessTier };
}

type Kept = Parameters<typeof writeBlob>[2];
