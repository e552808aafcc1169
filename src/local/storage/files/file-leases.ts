import { stateHeaders } from "../http/state-headers.ts";
import type { Call } from "../calls/operation-call.ts";
import { StorageError } from "../http/rest-errors.ts";
import { leaseAt } from "../leases/lease-rules.ts";
import { applyLeaseAction } from "../leases/lease-actions.ts";
import type { StorageResponse } from "../http/storage-request.ts";
import { requireFileForWrite } from "./file-address.ts";
import { saveFile } from "../store/file-rows.ts";
import { invalidHeader } from "../http/request-headers.ts";

/**
 * REST page "Lease File": acquire, change, release, break. Leases of files are always infinite, so there
 * is no renewal and no break period.
 */
export function leaseFile(call: Call): StorageResponse {
  const { request, store, now } = call;
  const { headers } = request;
  const file = requireFileForWrite(call);
  if (file.copy?.status === "pending") throw new StorageError("PendingCopyOperation");
  const action = headers["x-ms-lease-action"]?.toLowerCase();
  if (action === "renew") throw invalidHeader("x-ms-lease-action", action);
  const duration = headers["x-ms-lease-duration"];
  if (action === "acquire" && duration !== undefined && duration !== "-1") {
    throw invalidHeader("x-ms-lease-duration", duration);
  }
  const { "x-ms-lease-break-period": _, ...withoutPeriod } = headers;
  const result = applyLeaseAction(
    leaseAt(file.lease, now),
    { ...withoutPeriod, "x-ms-lease-duration": "-1" },
    now,
  );
  saveFile(store, { ...file, lease: result.lease });
  return { status: result.status, headers: { ...stateHeaders(file), ...result.headers } };
}
