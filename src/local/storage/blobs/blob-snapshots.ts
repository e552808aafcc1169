import { saveBlob, findSnapshots } from "../store/blob-rows.ts";
import { requireBlob } from "./blob-address.ts";
import type { Call } from "../calls/operation-call.ts";
import { stateHeaders } from "../http/state-headers.ts";
import { requireWriteConditions } from "../calls/request-conditions.ts";
import { unprotected } from "./immutability.ts";
import { noLease, requireLeaseForRead } from "../leases/lease-rules.ts";
import type { StorageResponse } from "../http/storage-request.ts";
import { requireNoPendingCopy, versionHeader } from "./blob-writes.ts";
import { requireOnline } from "./access-tiers.ts";
import { nextTimeName } from "../store/time-names.ts";

/**
 * REST page "Snapshot Blob": creates a read-only snapshot. Metadata of the request replaces the blob's in
 * the snapshot. The base blob and its ETag do not change.
 */
export function snapshotBlob(call: Call): StorageResponse {
  const { request, store, now } = call;
  const blob = requireBlob(call);
  requireWriteConditions(request.headers, blob);
  requireNoPendingCopy(blob);
  requireLeaseForRead(blob.lease, { given: request.headers["x-ms-lease-id"], now });
  requireOnline(blob, now);
  const { id: _, ...base } = blob;
  const latest = findSnapshots(store, blob).at(-1)?.snapshot ?? "";
  const snapshot = nextTimeName(latest, now);
  const hasMetadata = Object.keys(request.metadata).length > 0;
  saveBlob(store, {
    ...base,
    snapshot,
    metadata: hasMetadata ? request.metadata : blob.metadata,
    versionId: null,
    immutability: unprotected,
    lease: noLease,
  });
  return {
    status: 201,
    headers: {
      ...stateHeaders(blob),
      ...versionHeader(blob),
      "x-ms-snapshot": snapshot,
      "x-ms-request-server-encrypted": hasMetadata ? "true" : "false",
    },
  };
}
