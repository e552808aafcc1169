import { z } from "zod";
import { endpointShape } from "../location/trusted-endpoint.ts";
import { storageTime } from "../location/storage-query.ts";
import { optionsShape, storedOptionsShape } from "../request/copy-options.ts";
import { parseTime } from "../time.ts";
import { causes } from "./failure.ts";
import { isInstanceId } from "./ids.ts";

/*
 * The shapes of orchestration and activity inputs, for `strict-input.ts`. Unknown fields are accepted, because a newer
 * release may have written them.
 */

const text = z.string();
const count = z.number().int().nonnegative();
/** An ETag, as a header has it. */
export const etag = text.regex(/^[\x20-\x7e]{0,256}$/);
const isoTime = text.max(32).refine((iso) => Number.isFinite(parseTime(iso)));
/** Epoch ms, in the range that a Date can have. */
const time = z.number().min(-8.64e15).max(8.64e15);
const id = text.regex(/^[\w-]{1,64}$/);
const snapshot = text.regex(storageTime);

export const copyId = id;
export const instanceId = text.refine(isInstanceId);

const endpoints = {
  source: endpointShape,
  destination: endpointShape,
  sourceSas: text.nullable(),
  destinationSas: text.nullable(),
};

/** `CopyEndpoints`. */
export const copyEndpoints = z.object({
  ...endpoints,
  destinationLease: optionsShape.shape.destinationLease,
  leasesSource: z.literal(true).exactOptional(),
  mayWait: z.literal(true).exactOptional(),
  rollsBack: z.literal(true).exactOptional(),
  claim: text.regex(/^[0-9a-f]{64}$/).exactOptional(),
  trace: text.regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/).exactOptional(),
});

/** `EndFacts`. */
export const endFacts = z.object({
  route: text.exactOptional(),
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
  event: z.object({ route: text, etag, at: isoTime }).exactOptional(),
  route: text.exactOptional(),
  principal: text.exactOptional(),
});

/** `CopyInput`, as an older release may have written it: without the options that it did not have. */
export const writtenCopyInput = copyInput.extend({ options: storedOptionsShape.partial() });

export const copyPlan = z.object({
  source: z.object({
    etag: etag.nullable(),
    length: count.nullable(),
    snapshot: snapshot.exactOptional(),
  }),
  destinationEtag: etag.nullable(),
  plannedAt: isoTime.exactOptional(),
  mintedSas: z.object({ scid: id, expiresAt: isoTime }).exactOptional(),
  snapshot: snapshot.exactOptional(),
  formerTags: z.union([z.record(text, text), z.literal("unread")]).exactOptional(),
});

const failure = z.object({
  cause: z.enum(Object.keys(causes)),
  message: text,
  fix: text,
  retryable: z.boolean(),
  storage: z.object({ status: z.number(), code: text.nullable() }).nullable(),
});
const progress = z.object({ bytesCopied: count, totalBytes: count });
const atEnd = { etag, endedAt: time.nullable() };

export const copyResult = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("success"), progress, ...atEnd }),
  z.object({ kind: z.literal("failed"), failure, progress: progress.nullable(), ...atEnd }),
  z.object({ kind: z.literal("aborted"), progress: progress.nullable(), ...atEnd }),
  z.object({ kind: z.enum(["superseded", "gone", "unobservable", "not-started"]), failure }),
  z.object({ kind: z.literal("aborted-before-start") }),
  z.object({ kind: z.literal("skipped"), reason: text }),
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
  residue: z.array(text),
});

export const outcome = z.discriminatedUnion("status", [
  ended.extend({ status: z.enum(["succeeded", "aborted"]) }),
  ended.extend({ status: z.literal("skipped"), reason: text }),
  ended.extend({ status: z.literal("failed"), failure }),
]);
