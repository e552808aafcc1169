import { findFormerVersions, saveBlob, type Blob } from "../store/blob-rows.ts";
import type { Call } from "../calls/operation-call.ts";
import { noLease } from "../leases/lease-rules.ts";
import { nextTimeName } from "../store/time-names.ts";

/**
 * Keeps a current blob as a former version, before it is written over or deleted, where the account
 * keeps versions or did so when it was written (page "Blob versioning"). A copy that reads this very
 * version goes on reading it there.
 */
export function keepFormerVersion({ store, accountSettings }: Call, blob: Blob): void {
  if (blob.versionId === null && !accountSettings.versioning) return;
  const { id: current, ...image } = blob;
  const latest = findFormerVersions(store, blob).at(-1)?.formerVersion ?? "";
  const versionId = blob.versionId ?? nextTimeName(latest, blob.lastModified);
  const former = saveBlob(store, { ...image, versionId, formerVersion: versionId, lease: noLease });
  store.run(
    `UPDATE pending_copy SET source = ?
     WHERE source_service = 'blob' AND source = ? AND reads_version = 1`,
    former,
    current,
  );
}

/** The id of the version that a write now makes; null where the account keeps none. */
export function nextVersionId(
  { store, now, accountSettings }: Call,
  blob: Pick<Blob, "container" | "name">,
): string | null {
  if (!accountSettings.versioning) return null;
  return nextTimeName(findFormerVersions(store, blob).at(-1)?.formerVersion ?? "", now);
}
