import { saveBlob } from "./blob-rows.ts";
import { requireBlob } from "./blob-address.ts";
import type { Call } from "./call.ts";
import { stateHeaders } from "./state-headers.ts";
import { requireWriteConditions } from "./conditions.ts";
import { actOnLease } from "./lease-actions.ts";
import { leaseNow } from "./lease-rules.ts";
import type { StorageAnswer } from "./request.ts";
import { requireNoPendingCopy } from "./writes.ts";

/**
 * REST page "Lease Blob": acquire, renew, change, release, break. A lease changes neither the
 * blob's ETag nor its last modification.
 */
export function leaseBlob(call: Call): StorageAnswer {
  const { request, store, now } = call;
  const blob = requireBlob(call);
  requireWriteConditions(request.headers, blob);
  requireNoPendingCopy(blob);
  const outcome = actOnLease(leaseNow(blob.lease, now), request.headers, now);
  saveBlob(store, { ...blob, lease: outcome.lease });
  return {
    status: outcome.status,
    headers: { ...stateHeaders(blob), ...outcome.headers },
  };
}
