import { createHash } from "node:crypto";
import type { Blob } from "./blob-rows.ts";
import { httpDate, requireBlob, stateHeaders, type Call } from "./call.ts";
import { requireReadConditions } from "./conditions.ts";
import { readContent } from "./content.ts";
import { copyHeaders } from "./copy-headers.ts";
import { StorageError } from "./errors.ts";
import { describeLease, requireLeaseForRead } from "./lease-rules.ts";
import type { StorageAnswer } from "./request.ts";
import { contentHeaderNames, defaultAccessTier } from "./writes.ts";

/** REST page "Get Blob". Without a range all bytes, with one 206 and `Content-Range`. */
export function getBlob(call: Call): StorageAnswer {
  const { request, store } = call;
  const blob = requireReadable(call);
  const range = readRange(request.headers["x-ms-range"] ?? request.headers["range"], blob.length);
  const headers = propertyHeaders(call, blob);
  if (range === undefined) {
    const body = readContent(store, blob.content, { start: 0, end: blob.length });
    return { status: 200, headers, body };
  }

  const body = readContent(store, blob.content, range);
  const wantsMd5 = request.headers["x-ms-range-get-content-md5"] === "true";
  return {
    status: 206,
    headers: {
      ...headers,
      "Content-Range": `bytes ${range.start}-${range.end - 1}/${blob.length}`,
      // Content-MD5 speaks of this body; the whole blob's has a name of its own.
      "Content-MD5": wantsMd5 ? createHash("md5").update(body).digest("base64") : undefined,
      "x-ms-blob-content-md5": blob.contentHeaders.contentMD5,
    },
    body,
  };
}

/** REST page "Get Blob Properties". */
export function getBlobProperties(call: Call): StorageAnswer {
  const blob = requireReadable(call);
  return {
    status: 200,
    headers: {
      ...propertyHeaders(call, blob),
      "Content-Length": String(blob.length),
      "x-ms-creation-time": httpDate(blob.createdAt),
      "x-ms-access-tier": blob.accessTier ?? defaultAccessTier,
      "x-ms-access-tier-inferred": blob.accessTier === null ? "true" : undefined,
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

/** `start` included, `end` not; undefined for the whole blob. Only `bytes=a-` and `bytes=a-b`. */
function readRange(
  text: string | undefined,
  length: number,
): { start: number; end: number } | undefined {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(text ?? "") ?? [];
  if (from === undefined) return undefined;
  const start = Number(from);
  const end = to === undefined || to === "" ? length : Math.min(Number(to) + 1, length);
  if (start >= length || end <= start) {
    throw new StorageError("InvalidRange", { headers: { "Content-Range": `bytes */${length}` } });
  }
  return { start, end };
}

function propertyHeaders(call: Call, blob: Blob): Record<string, string | undefined> {
  const lease = describeLease(blob.lease, call.now);
  const metadata = Object.entries(blob.metadata).map(([name, value]) => [
    `x-ms-meta-${name}`,
    value,
  ]);
  return {
    ...stateHeaders(blob),
    ...Object.fromEntries(
      contentHeaderNames.map(([property, header]) => [
        canonicalName(header),
        blob.contentHeaders[property],
      ]),
    ),
    ...Object.fromEntries(metadata),
    ...copyHeaders(call.store, blob, call.now),
    "Accept-Ranges": "bytes",
    "x-ms-blob-type": blob.blobType,
    "x-ms-lease-state": lease.state,
    "x-ms-lease-status": lease.status,
    "x-ms-lease-duration": lease.duration,
    "x-ms-server-encrypted": "true",
    ...(call.caller.by === "SAS" && call.caller.responseHeaders),
  };
}

/** content-md5 → Content-MD5: one spelling, so that a later header replaces an earlier one. */
function canonicalName(header: string): string {
  return header.replace(
    /(^|-)(md5$|[a-z])/g,
    (_, dash: string, start: string) => `${dash}${start.toUpperCase()}`,
  );
}
