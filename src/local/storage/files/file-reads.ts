import { createHash } from "node:crypto";
import { stateHeaders } from "../http/state-headers.ts";
import type { Call } from "../calls/operation-call.ts";
import { readContent } from "../store/content-blocks.ts";
import { copyHeaders } from "../pending-copies/copy-headers.ts";
import { describeLease, requireLeaseForRead } from "../leases/lease-rules.ts";
import { contentHeaders } from "../calls/content-headers.ts";
import { parseRange } from "../http/byte-range.ts";
import type { StorageResponse } from "../http/storage-request.ts";
import { requireFile } from "./file-address.ts";
import type { File } from "../store/file-rows.ts";
import { idHeaders } from "./file-ids.ts";
import { systemHeaders } from "./system-properties.ts";

/** REST page "Get File": all bytes, or with a range 206 and `Content-Range`. */
export function getFile(call: Call): StorageResponse {
  const { request, store } = call;
  const file = requireReadable(call);
  const range = parseRange(request.headers["x-ms-range"] ?? request.headers["range"], file.length);
  const headers = propertyHeaders(call, file);
  if (range === undefined) {
    const body = readContent(store, file.content, { start: 0, end: file.length });
    return { status: 200, headers, body };
  }
  const body = readContent(store, file.content, range);
  const wantsMd5 = request.headers["x-ms-range-get-content-md5"]?.toLowerCase() === "true";
  return {
    status: 206,
    headers: {
      ...headers,
      "Content-Range": `bytes ${range.start}-${range.end - 1}/${file.length}`,
      // Content-MD5 is the range's; the whole file's MD5 has another header.
      "Content-MD5": wantsMd5 ? createHash("md5").update(body).digest("base64") : undefined,
      "x-ms-content-md5": file.contentHeaders.contentMD5,
    },
    body,
  };
}

/** REST page "Get File Properties". */
export function getFileProperties(call: Call): StorageResponse {
  const file = requireReadable(call);
  return {
    status: 200,
    headers: { ...propertyHeaders(call, file), "Content-Length": String(file.length) },
  };
}

function requireReadable(call: Call): File {
  const file = requireFile(call);
  const given = call.request.headers["x-ms-lease-id"];
  requireLeaseForRead(file.lease, { given, now: call.now, service: "file" });
  return file;
}

function propertyHeaders(call: Call, file: File): Record<string, string | undefined> {
  const lease = describeLease(file.lease, call.now);
  return {
    ...stateHeaders(file),
    ...contentHeaders(file.contentHeaders),
    ...Object.fromEntries(
      Object.entries(file.metadata).map(([name, value]) => [`x-ms-meta-${name}`, value]),
    ),
    ...copyHeaders(call.store, file, call.now),
    ...systemHeaders(file.system),
    ...idHeaders(call.store, file),
    "x-ms-file-file-type": file.system.protocol === "NFS" ? "Regular" : undefined,
    "Accept-Ranges": "bytes",
    "x-ms-type": "File",
    "x-ms-lease-state": lease.state,
    "x-ms-lease-status": lease.status,
    "x-ms-lease-duration": lease.duration,
    "x-ms-server-encrypted": "true",
    ...(call.caller.kind === "SAS" && call.caller.responseHeaders),
  };
}
