import { randomUUID } from "node:crypto";
import type { Blob, Copy } from "../store/blob-rows.ts";
import type { Call } from "../calls/operation-call.ts";
import type { CopySettings } from "../pending-copies/copy-settings.ts";
import type { CopySource } from "./copy-source.ts";
import { StorageError } from "../http/rest-errors.ts";
import type { File } from "../store/file-rows.ts";
import { requireLeaseForWrite } from "../leases/lease-rules.ts";
import {
  endCopy,
  findPendingCopy,
  type CopyObject,
  type PendingCopy,
} from "../pending-copies/pending-copies.ts";
import { maskQueryValues, removeSignature } from "../http/redact.ts";
import type { Metadata, StorageResponse } from "../http/storage-request.ts";

/** Returns true if the copy completes in its start. */
export function finishesOnStart(settings: CopySettings, source: CopySource): boolean {
  const { finishOnStart, maxFinishOnStartBytes = Infinity } = settings;
  if (source.object.length > maxFinishOnStartBytes) return false;
  return finishOnStart === "always" || (finishOnStart === "same-account" && source.isSameAccount);
}

/** The copy properties of a copy that completed in its start. */
export function finishedCopy(call: Call, source: CopySource): Copy {
  const { length } = source.object;
  return {
    ...newCopy(call, source),
    status: "success",
    bytesCopied: length,
    completedAt: call.now,
  };
}

/** The copy properties of a pending copy. */
export function startedCopy(call: Call, source: CopySource): Copy {
  return { ...newCopy(call, source), status: "pending", description: null };
}

function newCopy({ request }: Call, { object }: CopySource): Pick<Copy, "id" | "source" | "total"> {
  const url = request.headers["x-ms-copy-source"] ?? "";
  return {
    id: randomUUID(),
    source: object.service === "web" ? maskQueryValues(url) : removeSignature(url),
    total: object.length,
  };
}

/** Metadata of the request replaces all metadata of the source. */
export function copiedMetadata({ request }: Call, { object }: CopySource): Metadata {
  return Object.keys(request.metadata).length > 0 ? request.metadata : object.metadata;
}

/** Builds the row of a pending copy. */
export function pendingCopy(
  { now }: Call,
  {
    destination,
    source,
    settings,
    from = now,
  }: {
    destination: CopyObject;
    source: CopySource;
    settings: CopySettings;
    /** Epoch ms at which copying starts: the end of the source's rehydration from the archive tier. */
    from?: number | undefined;
  },
): PendingCopy {
  return {
    destinationService: destination.service,
    destination: destination.id,
    sourceService: source.object.service,
    source: source.object.id,
    sourceEtag: source.object.service === "web" ? source.object.etag : "",
    readsVersion: source.isVersion ? 1 : 0,
    content: source.object.content,
    contentMD5: source.object.contentHeaders.contentMD5 ?? null,
    total: source.object.length,
    startedAt: now,
    countedFrom: from + settings.startDelayMs,
    countedBytes: 0,
    bytesPerSecond: settings.bytesPerSecond,
    fullBytesPerSecond: settings.bytesPerSecond,
    publishEvery: settings.publishEveryBytes ?? 1,
    steps: settings.steps === undefined ? null : JSON.stringify(settings.steps),
    sourceReadableUntil: source.readableUntil,
  };
}

/** REST pages "Abort Copy Blob" and "Abort Copy File": leaves zero bytes and the metadata of the copy. */
export function abortCopy(call: Call, destination: Blob | File): StorageResponse {
  const { request, store, now } = call;
  const action = request.headers["x-ms-copy-action"];
  if (action?.toLowerCase() !== "abort") {
    throw new StorageError(action === undefined ? "MissingRequiredHeader" : "InvalidHeaderValue", {
      details: { HeaderName: "x-ms-copy-action" },
    });
  }
  const pending = findPendingCopy(store, destination);
  if (pending === undefined) throw new StorageError("NoPendingCopyOperation");
  if (destination.copy?.id !== request.query.get("copyid")) {
    throw new StorageError("CopyIdMismatch");
  }
  const given = request.headers["x-ms-lease-id"];
  requireLeaseForWrite(destination.lease, { given, now, service: destination.service });
  endCopy(store, pending, { result: { status: "aborted" }, at: now });
  return { status: 204 };
}
