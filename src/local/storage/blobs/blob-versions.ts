import { findFormerVersions, saveBlob, type Blob } from "../store/blob-rows.ts";
import type { Call } from "../calls/operation-call.ts";
import { noLease } from "../leases/lease-rules.ts";
import { nextTimeName } from "../store/time-names.ts";

/**
 * Saves the current blob as a former version before it is overwritten or deleted, if the account keeps
 * versions or did when the blob was written (page "Blob versioning"). Copies that read this version
 * continue with the saved row.
 */
export function keepFormerVersion({ store, accountSettings }: Call, blob: Blob): void {
  if (blob.versionId === null && !accountSettings.versioning) return;
  const { id: currentId, ...version } = blob;
  const latest = findFormerVersions(store, blob).at(-1)?.formerVersion ?? "";
  const versionId = blob.versionId ?? nextTimeName(latest, blob.lastModified);
  const formerId = saveBlob(store, {
    ...version,
    versionId,
    formerVersion: versionId,
    lease: noLease,
  });
  store.run(
    `UPDATE pending_copy SET source = ?
     WHERE source_service = 'blob' AND source = ? AND reads_version = 1`,
    formerId,
    currentId,
  );
}

/** The version id of a write at this moment; null if the account keeps no versions. */
export function nextVersionId(
  { store, now, accountSettings }: Call,
  blob: Pick<Blob, "container" | "name">,
): string | null {
  if (!accountSettings.versioning) return null;
  return nextTimeName(findFormerVersions(store, blob).at(-1)?.formerVersion ?? "", now);
}
