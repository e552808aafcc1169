import { saveBlob, type Blob } from "../store/blob-rows.ts";
import { requireBlob } from "./blob-address.ts";
import type { Call } from "../calls/operation-call.ts";
import { stateHeaders } from "../http/state-headers.ts";
import { addContent, findBlocks, createBlock } from "../store/content-blocks.ts";
import { verifyChecksums } from "../http/body-checksums.ts";
import { invalidHeader, type Headers } from "../http/request-headers.ts";
import { StorageError } from "../http/rest-errors.ts";
import type { StorageResponse } from "../http/storage-request.ts";
import { changeBlob, encryptionHeader, requireWritable } from "./blob-writes.ts";

/** Limits of REST page "Append Block"; the block size is the limit of version 2022-11-02. */
const maxBlocks = 50_000;
const maxBlockBytes = 100 * 1024 * 1024;

/** REST page "Append Block": appends at the end of the blob, if `appendpos` matches its length. */
export function appendBlock(call: Call): StorageResponse {
  const { request, store } = call;
  const blob = requireAppendBlob(call);
  requireWritable(call, blob);
  if (blob.isSealed) throw new StorageError("BlobIsSealed");
  const { body, headers } = request;
  if (body.length === 0) {
    throw new StorageError("InvalidHeaderValue", { details: { HeaderName: "Content-Length" } });
  }
  if (body.length > maxBlockBytes) throw new StorageError("RequestBodyTooLarge");
  const checksums = verifyChecksums(body, headers);
  requirePosition(headers, blob);
  const maxSizeBytes = readNumber(headers, "x-ms-blob-condition-maxsize") ?? Infinity;
  if (blob.length + body.length > maxSizeBytes) {
    throw new StorageError("MaxBlobSizeConditionNotMet");
  }
  const blocks = findBlocks(store, blob.content);
  if (blocks.length >= maxBlocks) throw new StorageError("BlockCountExceedsLimit");

  const changed = changeBlob(call, blob, {
    content: addContent(store, [...blocks, createBlock(store, body)]),
    length: blob.length + body.length,
  });
  return {
    status: 201,
    headers: {
      ...stateHeaders(changed),
      ...encryptionHeader,
      ...checksums,
      "x-ms-blob-append-offset": String(blob.length),
      "x-ms-blob-committed-block-count": String(blocks.length + 1),
    },
  };
}

/** REST page "Append Blob Seal": changes neither ETag nor Last-Modified. Sealing again is not an error. */
export function sealBlob(call: Call): StorageResponse {
  const blob = requireAppendBlob(call);
  requireWritable(call, blob);
  requirePosition(call.request.headers, blob);
  saveBlob(call.store, { ...blob, isSealed: true });
  return { status: 200, headers: { ...stateHeaders(blob), "x-ms-blob-sealed": "true" } };
}

/** Headers that only append blobs have. */
export function appendHeaders({ store }: Call, blob: Blob): Record<string, string | undefined> {
  if (blob.blobType !== "AppendBlob") return {};
  return {
    "x-ms-blob-committed-block-count": String(findBlocks(store, blob.content).length),
    "x-ms-blob-sealed": blob.isSealed ? "true" : undefined,
  };
}

function requireAppendBlob(call: Call): Blob {
  const blob = requireBlob(call);
  if (blob.blobType !== "AppendBlob") throw new StorageError("InvalidBlobType");
  return blob;
}

function requirePosition(headers: Headers, blob: Blob): void {
  const position = readNumber(headers, "x-ms-blob-condition-appendpos");
  if (position !== undefined && position !== blob.length) {
    throw new StorageError("AppendPositionConditionNotMet");
  }
}

function readNumber(headers: Headers, name: string): number | undefined {
  const text = headers[name];
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw invalidHeader(name, text);
  return Number(text);
}
