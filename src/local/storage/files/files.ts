import type { ContentHeaders } from "../store/blob-rows.ts";
import { stateHeaders } from "../http/state-headers.ts";
import type { Call } from "../calls/operation-call.ts";
import { addContent, createBlock } from "../store/content-blocks.ts";
import { verifyMd5 } from "../http/body-checksums.ts";
import { overwriteRange, resizeContent, zeroBlocks, type Range } from "../store/content-ranges.ts";
import { StorageError } from "../http/rest-errors.ts";
import { failureDescriptions, failCopiesReading } from "../pending-copies/pending-copies.ts";
import type { StorageResponse } from "../http/storage-request.ts";
import { contentHeaderNames } from "../calls/content-headers.ts";
import { requireFileForWrite, requireShare, requireWritableTarget } from "./file-address.ts";
import type { File } from "../store/file-rows.ts";
import {
  changeFile,
  refuseReadOnly,
  requireOverwrite,
  requireWritable,
  writeFile,
} from "./file-writes.ts";
import {
  invalidHeader,
  missingHeader,
  readWholeNumber,
  readKeyword,
  type Headers,
} from "../http/request-headers.ts";
import { idHeaders } from "./file-ids.ts";
import {
  changedSystemProperties,
  newSystemProperties,
  systemHeaders,
  updateTimes,
} from "./system-properties.ts";

/** "The maximum file size is 4 TiB" (REST page "Create File"). */
const maxFileBytes = 4 * 1024 ** 4;
/** "The range can be up to 4 MiB in size" (REST page "Put Range"). */
const maxRangeBytes = 4 * 1024 * 1024;

/** REST page "Create File": zeros of the given length, or the bytes of the request body. */
export function createFile(call: Call): StorageResponse {
  const { request, store } = call;
  const { headers, body } = request;
  if (headers["x-ms-type"]?.toLowerCase() !== "file") throw missingHeader("x-ms-type");
  const target = requireWritableTarget(call);
  requireOverwrite(call, target.file);
  requireWritable(call, target.file);
  refuseReadOnly(target.file);
  const length = readLength(headers);
  if (length === undefined) throw missingHeader("x-ms-content-length");
  if (body.length > 0 && body.length !== length) {
    throw invalidHeader("x-ms-content-length", String(length));
  }
  if (body.length > 0) verifyMd5(body, headers["content-md5"]);
  const blocks = body.length > 0 ? [createBlock(store, body)] : zeroBlocks(length);
  const file = writeFile(call, target, {
    content: addContent(store, blocks),
    length,
    contentHeaders: { contentType: "application/octet-stream", ...readContentHeaders(headers) },
    metadata: request.metadata,
    system: newSystemProperties(call, target.share, "file"),
    copy: null,
  });
  return { status: 201, headers: { ...writtenHeaders(call, file), ...encryptionHeader } };
}

/** REST page "Put Range": writes or clears bytes within the length of the file. */
export function putRange(call: Call): StorageResponse {
  const { request, store, now } = call;
  const { headers, body } = request;
  const file = requireFileForWrite(call);
  requireWritable(call, file);
  refuseReadOnly(file);
  const action = readKeyword(headers, "x-ms-write", ["update", "clear"]);
  if (action === undefined) throw missingHeader("x-ms-write");
  const range = readRange(headers, file.length);
  if (body.length !== (action === "clear" ? 0 : range.end - range.start)) {
    throw invalidHeader("Content-Length", String(body.length));
  }
  if (body.length > maxRangeBytes) throw new StorageError("RequestBodyTooLarge");
  const md5 = verifyMd5(body, headers["content-md5"]);
  const lastWrite = readKeyword(headers, "x-ms-file-last-write-time", ["now", "preserve"]);
  const changed = changeFile(call, file, {
    content: overwriteRange(store, file, { range, bytes: action === "clear" ? null : body }),
    system: updateTimes(file.system, now, lastWrite === "preserve" ? "rest" : "bytes"),
  });
  return {
    status: 201,
    headers: {
      ...stateHeaders(changed),
      ...encryptionHeader,
      ...(action === "update" && { "Content-MD5": md5 }),
      "x-ms-file-last-write-time": changed.system.lastWriteTime,
    },
  };
}

/** REST page "Set File Properties": content headers that are not sent are cleared. */
export function setFileProperties(call: Call): StorageResponse {
  const { request, store } = call;
  const file = requireFileForWrite(call);
  requireWritable(call, file);
  const length = readLength(request.headers) ?? file.length;
  const changed = changeFile(call, file, {
    content: resizeContent(store, file, length),
    length,
    contentHeaders: readContentHeaders(request.headers),
    system: changedSystemProperties(call, requireShare(call), file.system),
    copy: null,
  });
  return { status: 200, headers: { ...writtenHeaders(call, changed), ...encryptionHeader } };
}

/** REST page "Set File Metadata": replaces all metadata. */
export function setFileMetadata(call: Call): StorageResponse {
  const { request, now } = call;
  const file = requireFileForWrite(call);
  requireWritable(call, file);
  const changed = changeFile(call, file, {
    metadata: request.metadata,
    system: updateTimes(file.system, now, "rest"),
  });
  return { status: 200, headers: { ...stateHeaders(changed), ...encryptionHeader } };
}

/** REST page "Delete File". Copies that read from it fail. */
export function deleteFile(call: Call): StorageResponse {
  const { store, now } = call;
  const file = requireFileForWrite(call);
  requireWritable(call, file);
  refuseReadOnly(file);
  failCopiesReading(store, file, { description: failureDescriptions.sourceGone, at: now });
  store.run("DELETE FROM file WHERE id = ?", file.id);
  return { status: 202 };
}

const encryptionHeader = { "x-ms-request-server-encrypted": "true" };

function writtenHeaders({ store }: Call, file: File): Record<string, string> {
  return { ...stateHeaders(file), ...systemHeaders(file.system), ...idHeaders(store, file) };
}

function readLength(headers: Headers): number | undefined {
  const name = "x-ms-content-length";
  const length = readWholeNumber(headers, name);
  if (length !== undefined && length > maxFileBytes) throw invalidHeader(name, String(length));
  return length;
}

/** The bytes from `start` (inclusive) to `end` (exclusive), within the file. */
function readRange(headers: Headers, length: number): Range {
  const text = headers["x-ms-range"] ?? headers["range"];
  if (text === undefined) throw missingHeader("x-ms-range");
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(text) ?? [];
  const range = { start: Number(from), end: Number(to) + 1 };
  if (!(range.start < range.end)) throw invalidHeader("x-ms-range", text);
  if (range.end > length) throw new StorageError("InvalidRange");
  return range;
}

/** The `x-ms-*` content headers of a write. Headers that were not sent are cleared. */
function readContentHeaders(headers: Headers): ContentHeaders {
  const sent: ContentHeaders = {};
  for (const [property, header] of contentHeaderNames) {
    const value = headers[`x-ms-${header}`];
    if (value !== undefined && value !== "") sent[property] = value;
  }
  return sent;
}
