import { randomUUID } from "node:crypto";
import { findBlobById, saveBlob, type Blob, type Copy } from "../store/blob-rows.ts";
import { day, second } from "../http/durations.ts";
import { wholeSeconds } from "../http/http-dates.ts";
import type { ProgressStep } from "./copy-settings.ts";
import { enqueueBlobCreated } from "../events/event-rows.ts";
import { findFileById, saveFile, type File } from "../store/file-rows.ts";
import { leaseAfterWrite } from "../leases/lease-rules.ts";
import type { Store } from "../store/store.ts";

/** The row of a blob or file that a copy reads or writes. */
export type CopyObject = { service: "blob" | "file"; id: number };

/**
 * A pending copy. Its state at any later time is calculated from these numbers, so no timer is needed.
 * Times are epoch ms.
 */
export type PendingCopy = {
  /** Ids are those of the service's rows. */
  destinationService: CopyObject["service"];
  destination: number;
  /** "web" is a URL outside Storage. `web-sources.ts` ends such copies. */
  sourceService: CopyObject["service"] | "web";
  source: number;
  /** The ETag of a URL outside Storage; empty if it has none, and for all other sources. */
  sourceEtag: string;
  /** 1 if the source URL has a version id: later writes do not change a version. */
  readsVersion: 0 | 1;
  /** The source's content, which becomes the destination's. */
  content: number | null;
  contentMD5: string | null;
  total: number;
  startedAt: number;
  /** At `countedFrom`, `countedBytes` were copied. Since then, the speed is `bytesPerSecond`. */
  countedFrom: number;
  countedBytes: number;
  bytesPerSecond: number;
  /** The speed of a stalled copy after `resume`. */
  fullBytesPerSecond: number;
  publishEvery: number;
  /** JSON of the `ProgressStep`s, which begin at `countedFrom`; null if `bytesPerSecond` applies. */
  steps: string | null;
  /** When the source's SAS expires; null without a SAS. The service reads with the SAS of the start until the end. */
  sourceReadableUntil: number | null;
};

/** How a copy ended. */
export type CopyResult =
  | { status: "success" }
  | { status: "aborted" }
  | { status: "failed"; description: string };

/** Texts of `x-ms-copy-status-description`: REST page "Get Blob Properties". */
export const failureDescriptions = {
  sourceGone: '404 ResourceNotFound "Copy failed when reading the source."',
  sourceChanged: '412 ConditionNotMet "Copy failed when reading the source."',
  sourceForbidden: '403 AuthenticationFailed "Copy failed when reading the source."',
  tooLong: '500 OperationCancelled "The copy exceeded the maximum allowed time."',
};

/** "The service attempts for two weeks" (REST page "Copy Blob"). */
export const maxCopyMs = 14 * day;

/** Bytes copied at `now` as reported by `x-ms-copy-progress`: rounded down to `publishEvery`. */
export function publishedBytes(copy: PendingCopy, now: number): number {
  const copied = copiedBytes(copy, now);
  return copied >= copy.total ? copy.total : copied - (copied % copy.publishEvery);
}

export function findPendingCopy(
  store: Store,
  { service, id }: CopyObject,
): PendingCopy | undefined {
  return store.one<PendingCopy>(
    `${selectPendingCopy} WHERE destination_service = ? AND destination = ?`,
    service,
    id,
  );
}

export function savePendingCopy(store: Store, copy: PendingCopy): void {
  store.run(
    `INSERT INTO pending_copy (destination_service, destination, source_service, source,
       source_etag, reads_version, content, content_md5, total, started_at,
       counted_from, counted_bytes, bytes_per_second, full_bytes_per_second, publish_every,
       steps, source_readable_until, due_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (destination_service, destination) DO UPDATE SET counted_from = excluded.counted_from,
       counted_bytes = excluded.counted_bytes, bytes_per_second = excluded.bytes_per_second,
       steps = excluded.steps, due_at = excluded.due_at`,
    copy.destinationService,
    copy.destination,
    copy.sourceService,
    copy.source,
    copy.sourceEtag,
    copy.readsVersion,
    copy.content,
    copy.contentMD5,
    copy.total,
    copy.startedAt,
    copy.countedFrom,
    copy.countedBytes,
    copy.bytesPerSecond,
    copy.fullBytesPerSecond,
    copy.publishEvery,
    copy.steps,
    copy.sourceReadableUntil,
    predictEnd(copy).at,
  );
}

/** The copy, continuing at another speed from `now`. */
export function withSpeed(copy: PendingCopy, bytesPerSecond: number, now: number): PendingCopy {
  const countedFrom = Math.max(copy.countedFrom, now); // a start delay stays
  return {
    ...copy,
    countedFrom,
    countedBytes: copiedBytes(copy, now),
    bytesPerSecond,
    steps: null,
  };
}

/** Returns true if `endDueCopies` has a copy to end at `now`. */
export function hasDueCopies(store: Store, now: number): boolean {
  return nextDueCopy(store, now) !== undefined;
}

/** Ends all copies that are due at `now`, in order and each with its own end time. */
export function endDueCopies(store: Store, now: number): void {
  for (let copy = nextDueCopy(store, now); copy !== undefined; copy = nextDueCopy(store, now)) {
    endCopy(store, copy, predictEnd(copy));
  }
}

function nextDueCopy(store: Store, now: number): PendingCopy | undefined {
  return store.one<PendingCopy>(
    `${selectPendingCopy} WHERE due_at <= ? AND source_service <> 'web' ORDER BY due_at LIMIT 1`,
    now,
  );
}

/** Due copies from sources outside Storage, whose bytes have to be fetched first. */
export function dueWebCopies(store: Store, now: number): PendingCopy[] {
  return store.all<PendingCopy>(
    `${selectPendingCopy} WHERE due_at <= ? AND source_service = 'web' ORDER BY due_at`,
    now,
  );
}

/**
 * Ends one pending copy. Success sets the content; failure and abort leave zero bytes and the metadata.
 * The ETag changes, so copies that read from this destination fail.
 */
export function endCopy(
  store: Store,
  copy: PendingCopy,
  { result, at }: { result: CopyResult; at: number },
): void {
  const object = findDestination(store, copy);
  if (object?.copy == null) return;
  const { id, source, total } = object.copy;
  const bytesCopied = result.status === "success" ? total : publishedBytes(copy, at);
  const ended: Copy = { id, source, total, ...result, bytesCopied, completedAt: at };
  const succeeded = result.status === "success";
  const rehydration = object.service === "blob" ? object.rehydration : null;
  const after = {
    ...object,
    etag: store.nextEtag(),
    lastModified: wholeSeconds(at),
    content: succeeded ? copy.content : null,
    length: succeeded ? total : 0,
    contentHeaders: {
      ...object.contentHeaders,
      ...(succeeded && copy.contentMD5 !== null && { contentMD5: copy.contentMD5 }),
    },
    ...(rehydration !== null && {
      accessTier: rehydration.to,
      tierChangedAt: at,
      rehydration: null,
    }),
    lease: leaseAfterWrite(object.lease, at),
    copy: ended,
  };
  saveCopyObject(store, after);
  if (succeeded && after.service === "blob") {
    // Azure does not document the request id of this event: a new one is a safe guess.
    const how = { api: "CopyBlob", requestId: randomUUID(), at, namespace: "flat" } as const;
    enqueueBlobCreated(store, after, how);
  }
  store.run(
    "DELETE FROM pending_copy WHERE destination_service = ? AND destination = ?",
    copy.destinationService,
    copy.destination,
  );
  failCopiesReading(store, object, { description: failureDescriptions.sourceChanged, at });
}

function findDestination(store: Store, copy: PendingCopy): Blob | File | undefined {
  const { destinationService, destination } = copy;
  return destinationService === "blob"
    ? findBlobById(store, destination)
    : findFileById(store, destination);
}

export function saveCopyObject(store: Store, object: Blob | File): void {
  if (object.service === "blob") saveBlob(store, object);
  else saveFile(store, object);
}

/** Fails the copies that read from this source, because it was written or deleted. */
export function failCopiesReading(
  store: Store,
  source: CopyObject,
  { description, at }: { description: string; at: number },
): void {
  const readers = store
    .all<PendingCopy>(
      `${selectPendingCopy} WHERE source_service = ? AND source = ?`,
      source.service,
      source.id,
    )
    // A copy onto itself keeps reading the old content.
    .filter(
      (reader) => reader.destinationService !== source.service || reader.destination !== source.id,
    );
  for (const reader of readers)
    endCopy(store, reader, { result: { status: "failed", description }, at });
}

function copiedBytes(copy: PendingCopy, now: number): number {
  const elapsed = now - copy.countedFrom;
  const steps = parseSteps(copy);
  if (steps !== null) {
    return steps.findLast(({ afterMs }) => afterMs <= elapsed)?.bytesCopied ?? copy.countedBytes;
  }
  if (elapsed <= 0 || copy.bytesPerSecond === 0) return copy.countedBytes;
  return Math.min(
    copy.total,
    copy.countedBytes + Math.floor((copy.bytesPerSecond * elapsed) / second),
  );
}

function parseSteps({ steps }: PendingCopy): ProgressStep[] | null {
  return steps === null ? null : (JSON.parse(steps) as ProgressStep[]); // savePendingCopy gets it from JSON.stringify
}

/** How and when the copy ends if nothing changes before. */
export function predictEnd(copy: PendingCopy): { at: number; result: CopyResult } {
  const remaining = copy.total - copy.countedBytes;
  const lastStep = parseSteps(copy)?.at(-1);
  const completedAt =
    lastStep !== undefined
      ? copy.countedFrom + lastStep.afterMs
      : remaining === 0
        ? copy.countedFrom
        : copy.countedFrom + Math.ceil((remaining / copy.bytesPerSecond) * second);
  const ends: { at: number; result: CopyResult }[] = [
    { at: completedAt, result: { status: "success" } },
    {
      at: copy.sourceReadableUntil ?? Infinity,
      result: { status: "failed", description: failureDescriptions.sourceForbidden },
    },
    {
      at: copy.startedAt + maxCopyMs,
      result: { status: "failed", description: failureDescriptions.tooLong },
    },
  ];
  return ends.reduce((first, other) => (other.at < first.at ? other : first));
}

const selectPendingCopy = `SELECT destination_service AS destinationService, destination,
  source_service AS sourceService, source, source_etag AS sourceEtag,
  reads_version AS readsVersion, content, content_md5 AS contentMD5, total,
  started_at AS startedAt, counted_from AS countedFrom, counted_bytes AS countedBytes,
  bytes_per_second AS bytesPerSecond, full_bytes_per_second AS fullBytesPerSecond,
  publish_every AS publishEvery, steps, source_readable_until AS sourceReadableUntil FROM pending_copy`;
