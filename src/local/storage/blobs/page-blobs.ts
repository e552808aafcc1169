import type { Blob } from "../store/blob-rows.ts";
import { requireBlob } from "./blob-address.ts";
import type { Call } from "../calls/operation-call.ts";
import { stateHeaders } from "../http/state-headers.ts";
import { requireReadConditions } from "../calls/request-conditions.ts";
import { findBlocks, type Block } from "../store/content-blocks.ts";
import { verifyChecksums } from "../http/body-checksums.ts";
import { overwriteRange, sliceBlocks, type Range } from "../store/content-ranges.ts";
import { invalidHeader, missingHeader, type Headers } from "../http/request-headers.ts";
import { StorageError } from "../http/rest-errors.ts";
import { requireLeaseForRead } from "../leases/lease-rules.ts";
import { readParameter, type StorageResponse } from "../http/storage-request.ts";
import { changeBlob, encryptionHeader, requireWritable } from "./blob-writes.ts";
import { element, renderXml } from "../http/xml.ts";

/** Limits of REST pages "Put Blob" and "Put Page". */
const pageBytes = 512;
const maxBlobBytes = 8 * 1024 ** 4;
const maxWriteBytes = 4 * 1024 * 1024;

/** The length in bytes and the sequence number of a new page blob (REST page "Put Blob"). */
export function readPageBlobSize(headers: Headers): { length: number; sequenceNumber: number } {
  const name = "x-ms-blob-content-length";
  const text = headers[name];
  if (text === undefined) throw missingHeader(name);
  const length = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(length <= maxBlobBytes) || length % pageBytes !== 0) throw invalidHeader(name, text);
  return { length, sequenceNumber: readNumber(headers, "x-ms-blob-sequence-number") ?? 0 };
}

/** REST page "Put Page": writes or clears whole pages within the length of the blob. */
export function putPage(call: Call): StorageResponse {
  const { request, store } = call;
  const { headers, body } = request;
  const blob = requirePageBlob(call);
  requireWritable(call, blob);
  requireSequenceNumber(headers, blob);
  const range = readPageRange(headers, blob.length);
  const isClear = readAction(headers) === "clear";
  if (body.length !== (isClear ? 0 : range.end - range.start)) {
    throw invalidHeader("Content-Length", String(body.length));
  }
  if (body.length > maxWriteBytes) throw new StorageError("RequestBodyTooLarge");
  const checksums = verifyChecksums(body, headers);

  const changed = changeBlob(call, blob, {
    content: overwriteRange(store, blob, { range, bytes: isClear ? null : body }),
  });
  return {
    status: 201,
    headers: {
      ...stateHeaders(changed),
      ...encryptionHeader,
      ...(!isClear && checksums),
      ...sequenceHeader(changed),
    },
  };
}

/** REST page "Get Page Ranges": the ranges that were written and not cleared. */
export function getPageRanges(call: Call): StorageResponse {
  const { request, store, now } = call;
  if (readParameter(request.query, "prevsnapshot") !== undefined) {
    throw new StorageError("NotImplemented", {
      message: "Get Page Ranges with prevsnapshot is not implemented by this emulator",
    });
  }
  const blob = requirePageBlob(call);
  requireReadConditions(request.headers, blob);
  requireLeaseForRead(blob.lease, { given: request.headers["x-ms-lease-id"], now });
  const requested = request.headers["x-ms-range"] ?? request.headers["range"];
  const within =
    requested === undefined
      ? { start: 0, end: blob.length }
      : readPageRange({ range: requested.replace(/-$/, `-${blob.length - 1}`) }, blob.length);
  return {
    status: 200,
    headers: {
      ...stateHeaders(blob),
      "Content-Type": "application/xml",
      "x-ms-blob-content-length": String(blob.length),
    },
    body: renderXml(
      element(
        "PageList",
        writtenRanges(findBlocks(store, blob.content), within).map(({ start, end }) =>
          element("PageRange", [element("Start", String(start)), element("End", String(end - 1))]),
        ),
      ),
    ),
  };
}

/** Merges adjacent written blocks into one range. */
function writtenRanges(blocks: readonly Block[], within: Range): Range[] {
  const ranges: Range[] = [];
  let offset = within.start;
  for (const { piece, length } of sliceBlocks(blocks, within)) {
    const last = ranges.at(-1);
    if (piece !== null && last?.end === offset) last.end += length;
    else if (piece !== null) ranges.push({ start: offset, end: offset + length });
    offset += length;
  }
  return ranges;
}

/** The header that only page blobs have. */
export function sequenceHeader(blob: Blob): Record<string, string | undefined> {
  if (blob.blobType !== "PageBlob") return {};
  return { "x-ms-blob-sequence-number": String(blob.sequenceNumber) };
}

function requirePageBlob(call: Call): Blob {
  const blob = requireBlob(call);
  if (blob.blobType !== "PageBlob") throw new StorageError("InvalidBlobType");
  return blob;
}

function readAction(headers: Headers): "update" | "clear" {
  const name = "x-ms-page-write";
  const action = headers[name]?.toLowerCase();
  if (action === "update" || action === "clear") return action;
  if (action !== undefined) throw invalidHeader(name, action);
  throw missingHeader(name);
}

/** The bytes from `start` (inclusive) to `end` (exclusive): whole pages within the blob. */
function readPageRange(headers: Headers, length: number): Range {
  const text = headers["x-ms-range"] ?? headers["range"] ?? "";
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(text) ?? [];
  const range = { start: Number(from), end: Number(to) + 1 };
  const isWhole = range.start % pageBytes === 0 && range.end % pageBytes === 0;
  if (!isWhole || range.start >= range.end || range.end > length) {
    throw new StorageError("InvalidPageRange");
  }
  return range;
}

function requireSequenceNumber(headers: Headers, { sequenceNumber }: Blob): void {
  const max = readNumber(headers, "x-ms-if-sequence-number-le") ?? Infinity;
  const limit = readNumber(headers, "x-ms-if-sequence-number-lt") ?? Infinity;
  const exact = readNumber(headers, "x-ms-if-sequence-number-eq") ?? sequenceNumber;
  if (sequenceNumber > max || sequenceNumber >= limit || sequenceNumber !== exact) {
    throw new StorageError("SequenceNumberConditionNotMet");
  }
}

function readNumber(headers: Headers, name: string): number | undefined {
  const text = headers[name];
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw invalidHeader(name, text);
  return Number(text);
}
