import { randomUUID } from "node:crypto";
import { requireOverwrite } from "./authorization.ts";
import type { Copy } from "./blob-rows.ts";
import { blobAddress, findTarget, requireBlob, stateHeaders, type Call } from "./call.ts";
import { requireSourceConditions, requireWriteConditions } from "./conditions.ts";
import { settingsFor, type CopySettings } from "./copy-settings.ts";
import { resolveCopySource, type CopySource } from "./copy-source.ts";
import { StorageError } from "./errors.ts";
import { noLease, requireLeaseForCopy, requireLeaseForWrite } from "./lease-rules.ts";
import { endCopy, findPendingCopy, savePendingCopy, type PendingCopy } from "./pending-copies.ts";
import { withoutSignature } from "./redact.ts";
import type { StorageAnswer } from "./request.ts";
import { dropStagedBlocks, readAccessTier, requireNoPendingCopy, writeBlob } from "./writes.ts";

/**
 * REST page "Copy Blob". The checks come in the service's order: source readable, source
 * conditions, destination conditions, pending copy, lease. Then there is a committed, empty
 * destination with the source's headers, and the answer.
 */
export function copyBlob(call: Call): StorageAnswer {
  const { request, now } = call;
  const { headers } = request;
  const target = findTarget(call);
  const source = resolveCopySource(call);
  requireSourceConditions(headers, source.blob);
  requireOverwrite(call.caller, target.blob);
  requireWriteConditions(headers, target.blob, "TargetConditionNotMet");
  requireNoPendingCopy(target.blob);
  requireLeaseForCopy(target.blob?.lease ?? noLease, { given: headers["x-ms-lease-id"], now });

  const settings = settingsFor(call.copies, blobAddress(request.resource));
  const isAtOnce =
    settings.finishAtOnce === "always" ||
    (settings.finishAtOnce === "same-account" && source.isSameAccount);
  const blob = isAtOnce
    ? finishAtOnce(call, target, source)
    : startPending(call, target, { source, settings });
  dropStagedBlocks(call, target.container, target.name);
  return {
    status: 202,
    headers: {
      ...stateHeaders(blob),
      "x-ms-copy-id": blob.copy?.id,
      "x-ms-copy-status": blob.copy?.status,
    },
  };
}

type Target = ReturnType<typeof findTarget>;

function finishAtOnce(call: Call, target: Target, source: CopySource) {
  const { content, length, contentHeaders } = source.blob;
  const copy: Copy = {
    ...newCopy(call, length),
    status: "success",
    bytesCopied: length,
    completedAt: call.now,
  };
  return writeBlob(call, target, {
    ...inherited(call, target, source),
    content,
    length,
    contentHeaders,
    copy,
  });
}

function startPending(
  call: Call,
  target: Target,
  { source, settings }: { source: CopySource; settings: CopySettings },
) {
  const { store } = call;
  const pending = (destination: number) => pendingCopy(call, { destination, source, settings });
  // Written first, it holds the content that an emptied destination lets go of: they may be one.
  if (target.blob !== undefined) savePendingCopy(store, pending(target.blob.id));

  const { contentMD5: _, ...contentHeaders } = source.blob.contentHeaders; // not the empty blob's
  const blob = writeBlob(call, target, {
    ...inherited(call, target, source),
    content: null,
    length: 0,
    contentHeaders,
    copy: { ...newCopy(call, source.blob.length), status: "pending", description: null },
  });
  if (target.blob === undefined) savePendingCopy(store, pending(blob.id));
  return blob;
}

function newCopy({ request }: Call, total: number): Pick<Copy, "id" | "source" | "total"> {
  return {
    id: randomUUID(),
    source: withoutSignature(request.headers["x-ms-copy-source"] ?? ""),
    total,
  };
}

/** Metadata given with the start replaces all of the source's; a tier is the destination's own. */
function inherited({ request }: Call, target: Target, source: CopySource) {
  const hasMetadata = Object.keys(request.metadata).length > 0;
  return {
    metadata: hasMetadata ? request.metadata : source.blob.metadata,
    accessTier: readAccessTier(request.headers) ?? target.blob?.accessTier ?? null,
  };
}

function pendingCopy(
  { now }: Call,
  {
    destination,
    source,
    settings,
  }: { destination: number; source: CopySource; settings: CopySettings },
): PendingCopy {
  return {
    destinationService: "blob",
    destination,
    sourceService: source.blob.service,
    source: source.blob.id,
    content: source.blob.content,
    contentMD5: source.blob.contentHeaders.contentMD5 ?? null,
    total: source.blob.length,
    startedAt: now,
    countedFrom: now + settings.startDelayMs,
    countedBytes: 0,
    bytesPerSecond: settings.bytesPerSecond,
    fullBytesPerSecond: settings.bytesPerSecond,
    publishEvery: settings.publishEveryBytes ?? 1,
    sourceReadableUntil: source.readableUntil,
  };
}

/** REST page "Abort Copy Blob": zero bytes stay, with the metadata of the copy. */
export function abortCopyBlob(call: Call): StorageAnswer {
  const { request, store, now } = call;
  const action = request.headers["x-ms-copy-action"];
  if (action?.toLowerCase() !== "abort") {
    throw new StorageError(action === undefined ? "MissingRequiredHeader" : "InvalidHeaderValue", {
      details: { HeaderName: "x-ms-copy-action" },
    });
  }
  const blob = requireBlob(call);
  const pending = findPendingCopy(store, blob);
  if (pending === undefined) throw new StorageError("NoPendingCopyOperation");
  if (blob.copy?.id !== request.query.get("copyid")) throw new StorageError("CopyIdMismatch");
  requireLeaseForWrite(blob.lease, { given: request.headers["x-ms-lease-id"], now });
  endCopy(store, pending, { end: { status: "aborted" }, at: now });
  return { status: 204 };
}
