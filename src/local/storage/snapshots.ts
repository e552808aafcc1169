import { saveBlob, snapshotsOf, type Blob } from "./blob-rows.ts";
import { requireBlob, stateHeaders, type Call } from "./call.ts";
import { requireWriteConditions } from "./conditions.ts";
import { noLease, requireLeaseForRead } from "./lease-rules.ts";
import type { StorageAnswer } from "./request.ts";
import { requireNoPendingCopy } from "./writes.ts";
import type { Store } from "./store.ts";

/**
 * REST page "Snapshot Blob": a read-only image of the blob under its own time. Metadata that is sent
 * replaces the blob's; the base blob, its ETag included, stays as it is.
 */
export function snapshotBlob(call: Call): StorageAnswer {
  const { request, store, now } = call;
  const blob = requireBlob(call);
  requireWriteConditions(request.headers, blob);
  requireNoPendingCopy(blob);
  requireLeaseForRead(blob.lease, { given: request.headers["x-ms-lease-id"], now });
  const { id: _, ...image } = blob;
  const snapshot = nextTime(store, blob, now);
  const hasMetadata = Object.keys(request.metadata).length > 0;
  saveBlob(store, {
    ...image,
    snapshot,
    metadata: hasMetadata ? request.metadata : blob.metadata,
    lease: noLease,
  });
  return {
    status: 201,
    headers: {
      ...stateHeaders(blob),
      "x-ms-snapshot": snapshot,
      "x-ms-request-server-encrypted": hasMetadata ? "true" : "false",
    },
  };
}

/** A time in 100 ns, later than any other snapshot of the blob, also where the clock stands still. */
function nextTime(store: Store, blob: Blob, now: number): string {
  const last = snapshotsOf(store, blob).at(-1)?.snapshot ?? "";
  const time = (at: number, ticks: number) =>
    new Date(at).toISOString().replace("Z", `${String(ticks).padStart(4, "0")}Z`);
  if (time(now, 0) > last) return time(now, 0);
  const millisecond = Date.parse(`${last.slice(0, 23)}Z`);
  const ticks = Number(last.slice(23, 27)) + 1;
  return ticks < ticksPerMillisecond ? time(millisecond, ticks) : time(millisecond + 1, 0);
}

const ticksPerMillisecond = 10_000;
