import { saveBlob } from "../store/blob-rows.ts";
import { requireBlob } from "./blob-address.ts";
import type { Call } from "../calls/operation-call.ts";
import { stateHeaders } from "../http/state-headers.ts";
import { requireWriteConditions } from "../calls/request-conditions.ts";
import { applyLeaseAction } from "../leases/lease-actions.ts";
import { leaseAt } from "../leases/lease-rules.ts";
import type { StorageResponse } from "../http/storage-request.ts";
import { requireNoPendingCopy } from "./blob-writes.ts";

/**
 * REST page "Lease Blob": acquire, renew, change, release, break. Changes neither the blob's ETag nor its
 * last modification.
 */
export function leaseBlob(call: Call): StorageResponse {
  const { request, store, now } = call;
  const blob = requireBlob(call);
  requireWriteConditions(request.headers, blob);
  requireNoPendingCopy(blob);
  const result = applyLeaseAction(leaseAt(blob.lease, now), request.headers, now);
  saveBlob(store, { ...blob, lease: result.lease });
  return {
    status: result.status,
    headers: { ...stateHeaders(blob), ...result.headers },
  };
}
