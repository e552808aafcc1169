import { z } from "zod";
import { etagShape } from "../location/etag.ts";
import { endpointShape } from "../location/trusted-endpoint.ts";
import { storageTime } from "../location/storage-query.ts";
import { optionsShape, storedOptionsShape } from "../request/copy-options.ts";
import { parseTime } from "../time.ts";
import { eventOwner } from "./activities.ts";
import { causes } from "./failure.ts";
import { isInstanceId } from "./ids.ts";

/*
 * The shapes of orchestration and activity inputs, for `strict-input.ts`. Unknown fields are accepted, because a newer
 * release may have written them. Every string and every list has a limit, because inputs are copied into histories and
 * into the ledger. The limits are far above the lengths that Ferry writes.
 */

/** A string of at most this many characters. */
const text = (maxLength: number) => z.string().max(maxLength);
/** A sentence for a caller. It may contain two URLs, and an encoded name has up to nine characters for each letter. */
const maxSentenceLength = 64 * 1_024;
const sentence = text(maxSentenceLength);
/** Ferry writes at most about ten sentences into one outcome. */
const maxSentences = 100;
/** A SAS in a request of 64 KiB, sealed and in base64. */
const sealed = text(90 * 1_024);
/** `x-ms-error-code`: Node accepts 16 KiB of headers. */
const errorCode = text(16 * 1_024);
const count = z.number().int().nonnegative();
export const etag = etagShape;
/**
 * The ETag of a blob of the ledger, which is sent as a condition. "*", or a list, would match the blobs of other
 * copies.
 */
export const ledgerEtag = z.string().regex(/^"[\x21\x23-\x29\x2b\x2d-\x7e]{1,254}"$/);
/**
 * A time as Ferry writes it: with a four-digit year, so that adding durations stays in the range of a Date, and in
 * ASCII, because the ledger sends some times as headers. Without this rule, the parser would also accept times with
 * comments.
 */
const isoTime = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z$/)
  .refine((iso) => Number.isFinite(parseTime(iso)));
/** Epoch ms, in the same range of years. */
const time = z
  .number()
  .min(parseTime("0000-01-01T00:00:00Z"))
  .max(parseTime("9999-12-31T23:59:59.999Z"));
const id = z.string().regex(/^[\w-]{1,64}$/);
const snapshot = z.string().regex(storageTime);
const hash = z.string().regex(/^[0-9a-f]{64}$/);
/** "name" of a route (routing/routes.ts). */
const route = text(64);

export const copyId = id;
export const instanceId = z.string().refine(isInstanceId);

const endpoints = {
  source: endpointShape,
  destination: endpointShape,
  sourceSas: sealed.nullable(),
  destinationSas: sealed.nullable(),
};

/** `CopyEndpoints`. */
export const copyEndpoints = z.object({
  ...endpoints,
  destinationLease: optionsShape.shape.destinationLease,
  leasesSource: z.literal(true).exactOptional(),
  mayWait: z.literal(true).exactOptional(),
  rollsBack: z.literal(true).exactOptional(),
  claim: hash.exactOptional(),
  owner: z.union([hash, z.literal(eventOwner)]).exactOptional(),
  retryOf: instanceId.exactOptional(),
  trace: z
    .string()
    .regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/)
    .exactOptional(),
});

/** `EndFacts`. */
export const endFacts = z.object({
  route: route.exactOptional(),
  eventAt: isoTime.exactOptional(),
  activities: count,
  timers: count,
});

/** `CopyInput`, as an activity gets it: with every option. */
export const copyInput = copyEndpoints.extend({
  version: z.literal(1),
  options: storedOptionsShape,
  createdAt: isoTime,
  notifies: z.literal(true).exactOptional(),
  event: z.object({ route, etag, at: isoTime }).exactOptional(),
  route: route.exactOptional(),
});

/** `CopyInput`, as an older release may have written it: without the options that it did not have. */
export const writtenCopyInput = copyInput.extend({ options: storedOptionsShape.partial() });

/** "Set Blob Tags": at most ten, names of 1 to 128 and values of 0 to 256 characters. */
const formerTags = z.record(text(128), text(256)).refine((tags) => Object.keys(tags).length <= 10);

export const copyPlan = z.object({
  source: z.object({
    etag: etag.nullable(),
    length: count.nullable(),
    contentMd5: text(100).exactOptional(),
    snapshot: snapshot.exactOptional(),
  }),
  destinationEtag: etag.nullable(),
  ontoStub: z.literal(true).exactOptional(),
  formerModifiedAt: isoTime.exactOptional(),
  plannedAt: isoTime.exactOptional(),
  mintedSas: z.object({ scid: id, expiresAt: isoTime }).exactOptional(),
  snapshot: snapshot.exactOptional(),
  formerTags: z.union([formerTags, z.literal("unread")]).exactOptional(),
});

const failure = z.object({
  cause: z.enum(Object.keys(causes)),
  message: sentence,
  fix: sentence,
  retryable: z.boolean(),
  storage: z.object({ status: z.number(), code: errorCode.nullable() }).nullable(),
});
const progress = z.object({ bytesCopied: count, totalBytes: count });
const atEnd = { etag, endedAt: time.nullable() };

export const copyResult = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("success"), progress, ...atEnd }),
  z.object({ kind: z.literal("failed"), failure, progress: progress.nullable(), ...atEnd }),
  z.object({ kind: z.literal("aborted"), progress: progress.nullable(), ...atEnd }),
  z.object({ kind: z.enum(["superseded", "gone", "unobservable", "not-started"]), failure }),
  z.object({ kind: z.literal("aborted-before-start") }),
  z.object({ kind: z.literal("skipped"), reason: sentence }),
]);

export const orchestrationRecord = z.object({
  abortRequested: z.boolean(),
  startedAt: isoTime.nullable(),
  statusReads: count,
});

export const settlement = z.object({
  plan: copyPlan.nullable(),
  copyId: copyId.nullable(),
  result: copyResult,
  record: orchestrationRecord,
});

const ended = orchestrationRecord.extend({
  copyId: copyId.nullable(),
  copyStatus: z.enum(["pending", "success", "failed", "aborted"]).nullable(),
  progress: progress.nullable(),
  completedAt: isoTime,
  copyCompletedAt: isoTime.nullable().exactOptional(),
  settledAt: isoTime,
  residue: z.array(sentence).max(maxSentences),
});

export const outcome = z.discriminatedUnion("status", [
  ended.extend({ status: z.enum(["succeeded", "aborted"]) }),
  ended.extend({ status: z.literal("skipped"), reason: sentence }),
  ended.extend({ status: z.literal("failed"), failure }),
]);
