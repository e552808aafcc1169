import { wholeSeconds } from "../http/http-dates.ts";
import type { Call } from "../calls/operation-call.ts";
import { StorageError } from "../http/rest-errors.ts";
import { leaseAfterWrite, noLease, requireLeaseForWrite } from "../leases/lease-rules.ts";
import { failureDescriptions, failCopiesReading } from "../pending-copies/pending-copies.ts";
import type { Target } from "./file-address.ts";
import { saveFile, type File } from "../store/file-rows.ts";
import { isReadOnly } from "./system-properties.ts";

/** The properties that a write sets. `writeFile` sets the others: ETag, time, lease. */
export type FileWrite = Pick<
  File,
  "content" | "length" | "contentHeaders" | "metadata" | "system" | "copy"
>;

/** Throws unless the lease allows the write and no copy is pending. */
export function requireWritable(call: Call, existing: File | undefined): void {
  if (existing?.copy?.status === "pending") throw new StorageError("PendingCopyOperation");
  requireLeaseForWrite(existing?.lease ?? noLease, {
    given: call.request.headers["x-ms-lease-id"],
    now: call.now,
    service: "file",
  });
}

/** "Applications can read the file but can't write to it or delete it" (REST page "Copy File"). */
export function refuseReadOnly(existing: File | undefined): void {
  if (existing !== undefined && isReadOnly(existing)) throw new StorageError("ReadOnlyAttribute");
}

/** A SAS with `c` but no `w` can create files but not overwrite them. */
export function requireOverwrite({ caller }: Call, existing: File | undefined): void {
  if (existing !== undefined && caller.kind === "SAS" && !caller.mayOverwrite) {
    throw new StorageError("AuthorizationPermissionMismatch");
  }
}

/** Creates or overwrites a file. Copies that read the existing file fail. */
export function writeFile(
  { store, now }: Call,
  { share, path, file: existing }: Pick<Target, "path" | "file"> & { share: { id: number } },
  written: FileWrite,
): File {
  const file: Omit<File, "id"> = {
    service: "file",
    kind: "file",
    share: share.id,
    path: existing?.path ?? path,
    ...written,
    etag: store.nextEtag(),
    lastModified: wholeSeconds(now),
    lease: leaseAfterWrite(existing?.lease ?? noLease, now),
  };
  const id = saveFile(store, file);
  const saved = { ...file, id };
  failCopiesReading(store, saved, { description: failureDescriptions.sourceChanged, at: now });
  return saved;
}

/** Overwrites some properties of a file and keeps the others. */
export function changeFile(call: Call, file: File, changes: Partial<FileWrite>): File {
  const { share, path, content, length, contentHeaders, metadata, system, copy } = file;
  return writeFile(
    call,
    { share: { id: share }, path, file },
    { content, length, contentHeaders, metadata, system, copy, ...changes },
  );
}
