import { createHash } from "node:crypto";
import type { Blob } from "../store/blob-rows.ts";
import { httpDate } from "../http/http-dates.ts";
import { readRevision, requireBlob } from "./blob-address.ts";
import type { Call } from "../calls/operation-call.ts";
import { stateHeaders } from "../http/state-headers.ts";
import { findPendingCopy, publishedBytes } from "../pending-copies/pending-copies.ts";
import { parseRange, type ByteRange } from "../http/byte-range.ts";
import { requireReadConditions } from "../calls/request-conditions.ts";
import { readContent } from "../store/content-blocks.ts";
import { copyHeaders } from "../pending-copies/copy-headers.ts";
import { describeLease, requireLeaseForRead } from "../leases/lease-rules.ts";
import type { StorageResponse } from "../http/storage-request.ts";
import { appendHeaders } from "./append-blobs.ts";
import { immutabilityHeaders } from "./immutability.ts";
import { sequenceHeader } from "./page-blobs.ts";
import { requireOnline, tierHeaders } from "./access-tiers.ts";
import { contentHeaders } from "../calls/content-headers.ts";
import { versionHeader } from "./blob-writes.ts";

/** REST page "Get Blob": all bytes, or with a range 206 and `Content-Range`. */
export function getBlob(call: Call): StorageResponse {
  const { request } = call;
  const blob = requireReadable(call);
  requireOnline(blob, call.now);
  const range = parseRange(request.headers["x-ms-range"] ?? request.headers["range"], blob.length);
  const headers = propertyHeaders(call, blob);
  if (range === undefined) {
    const body = readBytes(call, blob, { start: 0, end: blob.length });
    return { status: 200, headers, body };
  }

  const body = readBytes(call, blob, range);
  const wantsMd5 = request.headers["x-ms-range-get-content-md5"] === "true";
  return {
    status: 206,
    headers: {
      ...headers,
      "Content-Range": `bytes ${range.start}-${range.end - 1}/${blob.length}`,
      // Content-MD5 is the range's; the whole blob's MD5 has another header.
      "Content-MD5": wantsMd5 ? createHash("md5").update(body).digest("base64") : undefined,
      "x-ms-blob-content-md5": blob.contentHeaders.contentMD5,
    },
    body,
  };
}

/** The readable bytes. During a copy onto a page blob, the copied bytes are already readable. */
function readBytes({ store, now }: Call, blob: Blob, range: ByteRange): Buffer {
  const pending = blob.blobType === "PageBlob" ? findPendingCopy(store, blob) : undefined;
  if (pending === undefined) return readContent(store, blob.content, range);
  const copied = publishedBytes(pending, now);
  const end = Math.min(range.end, copied);
  return Buffer.concat([
    readContent(store, pending.content, { start: range.start, end }),
    readContent(store, blob.content, { start: Math.max(range.start, copied), end: range.end }),
  ]);
}

/** REST page "Get Blob Properties". */
export function getBlobProperties(call: Call): StorageResponse {
  const blob = requireReadable(call);
  return {
    status: 200,
    headers: {
      ...propertyHeaders(call, blob),
      "Content-Length": String(blob.length),
    },
  };
}

function requireReadable(call: Call): Blob {
  const { headers } = call.request;
  const blob = requireBlob(call);
  requireReadConditions(headers, blob);
  requireLeaseForRead(blob.lease, { given: headers["x-ms-lease-id"], now: call.now });
  return blob;
}

function propertyHeaders(call: Call, blob: Blob): Record<string, string | undefined> {
  const metadata = Object.entries(blob.metadata).map(([name, value]) => [
    `x-ms-meta-${name}`,
    value,
  ]);
  return {
    ...stateHeaders(blob),
    ...contentHeaders(blob.contentHeaders),
    ...Object.fromEntries(metadata),
    ...copyHeaders(call.store, blob, call.now),
    ...versionHeader(blob),
    "x-ms-is-current-version":
      blob.versionId !== null && blob.formerVersion === "" ? "true" : undefined,
    ...appendHeaders(call, blob),
    ...sequenceHeader(blob),
    ...immutabilityHeaders(blob),
    "x-ms-tag-count": tagCount(blob),
    "Accept-Ranges": "bytes",
    "x-ms-blob-type": blob.blobType,
    "x-ms-creation-time": httpDate(blob.createdAt),
    ...tierHeaders(blob, call.now),
    ...leaseHeaders(call, blob),
    "x-ms-server-encrypted": "true",
    ...(call.caller.kind === "SAS" && call.caller.responseHeaders),
  };
}

/** Recordings of the service have no lease headers for a URL with a snapshot or a version. */
function leaseHeaders({ request, now }: Call, blob: Blob): Record<string, string | undefined> {
  const { snapshot, versionId } = readRevision(request.query);
  if (snapshot !== undefined || versionId !== undefined) return {};
  const lease = describeLease(blob.lease, now);
  return {
    "x-ms-lease-state": lease.state,
    "x-ms-lease-status": lease.status,
    "x-ms-lease-duration": lease.duration,
  };
}

/** Undefined without tags (REST page "Get Blob Properties", `x-ms-tag-count`). */
export function tagCount({ tags }: Blob): string | undefined {
  const count = Object.keys(tags).length;
  return count === 0 ? undefined : String(count);
}
