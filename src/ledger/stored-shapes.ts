import { z } from "zod";
import { isInstanceId } from "../copy/contract/ids.ts";
import { isShapedLike } from "../copy/json.ts";

/*
 * The parts of the stored shapes that Ferry needs to work on a copy. A blob without them is damaged: Ferry writes
 * each of its blobs completely, but an operator, a tool or a restore may not have. Other fields are not checked.
 */

const instanceId = z.string().refine(isInstanceId);

const claim = z.object({
  instanceId,
  fingerprint: z.string(),
  deletedAt: z.string().optional(),
});

const endpoint = z.object({ service: z.string(), path: z.string() });
const input = z.object({
  source: endpoint,
  destination: endpoint,
  options: z.object({}),
  createdAt: z.string(),
});
const lock = z.object({ destination: z.string(), instanceId, copy: input });

const plan = z.object({
  source: z.object({ etag: z.string().nullable() }),
  destinationEtag: z.string().nullable(),
});

/** A field is absent while its value is not known; only `outcome` is then stored as null. */
const record = z
  .object({
    source: z.string(),
    destination: z.string(),
    createdAt: z.string(),
    lock: z.string(),
    claim: z.string(),
    owner: z.string(),
    retryOf: instanceId,
    request: z.string(),
    plan,
    attempt: z.object({
      number: z.number(),
      run: z.string(),
      until: z.number(),
      isAnswered: z.boolean(),
    }),
    unanswered: plan,
    shownOptions: z.object({}),
    copyId: z.string(),
    startedAt: z.string(),
    settlement: z.object({ result: z.object({ kind: z.string() }), record: z.object({}) }),
    outcome: z.object({ status: z.enum(["succeeded", "failed", "aborted", "skipped"]) }).nullable(),
    abortRequested: z.boolean(),
    leasesSource: z.boolean(),
    awaitedCopyId: z.string(),
    releasedLock: z.string(),
    deletedAt: z.string(),
  })
  .partial();

const waiter = z.object({
  destination: z.string(),
  offers: z.number().optional(),
  offeredAt: z.number().optional(),
  marked: z.string().optional(),
});

const wakeMark = z.object({
  instanceId,
  etag: z.string().optional(),
  left: z.object({ wakes: z.number(), at: z.number() }).optional(),
  overdueAt: z.number().optional(),
});

const position = z.object({ marker: z.string().nullable() });

/** Each returns true if the JSON has the parts of its shape that are checked. */
export const isClaim = isShapedLike(claim);
export const isLock = isShapedLike(lock);
export const isRecord = isShapedLike(record);
export const isWaiter = isShapedLike(waiter);
export const isWakeMark = isShapedLike(wakeMark);
export const isPosition = isShapedLike(position);
