import { z } from "zod";
import type { CopyId, InstanceId } from "../../copy/contract/ids.ts";
import { causes } from "../../copy/contract/failure.ts";
import type { Cause } from "../../copy/contract/failure.ts";
import type { DryRun } from "../../copy/decisions/dry-run.ts";
import { authorizations } from "../../copy/decisions/planned-calls.ts";
import { optionsShape, storedOptionsShape } from "../../copy/request/copy-options.ts";
import type { CopyItem } from "../../instances/copy-item.ts";
import type { CopyView } from "../../instances/copy-view.ts";
import { timelineSteps } from "../../instances/timeline.ts";
import type { Timeline } from "../../instances/timeline.ts";

/*
 * The schemas of all response bodies. The OpenAPI document is built from them, and the tests compare every response
 * with them. They are strict: a response must not contain a field that is not declared here.
 */

// The brands have no runtime value, so only a cast can add them.
const instanceId = z
  .guid()
  .meta({ description: "Ferry's id of the copy" }) as z.ZodType as z.ZodType<InstanceId>;
const copyId = z.string().meta({
  description: "Storage's id of the copy (x-ms-copy-id)",
}) as z.ZodType as z.ZodType<CopyId>;
const cause = z
  .enum(Object.keys(causes) as [Cause, ...Cause[]])
  .meta({ description: "Why the copy failed" });

const time = z.iso.datetime().meta({ format: "date-time" });
const url = z.string().meta({ description: "A URL without a SAS" });
const count = z.number().int().nonnegative();
const path = z.string().meta({ description: "A path of this app" });

const progress = z.strictObject({
  bytesCopied: count,
  totalBytes: count,
  percent: z.number().min(0).max(100),
  bytesPerSecond: z.number().nullable(),
  estimatedCompletion: time.nullable(),
  readAt: time.nullable().meta({ description: "When Ferry last polled" }),
});

const failure = z.strictObject({
  cause,
  message: z.string(),
  fix: z.string().meta({ description: "What a person can do about it" }),
  retryable: z.boolean().meta({ description: "The same request may succeed later" }),
  storage: z
    .strictObject({ status: z.number().int(), code: z.string().nullable() })
    .nullable()
    .meta({ description: "Storage's response; status 0 means none" }),
});

const links = z.strictObject({ self: path, abort: path, retry: path, timeline: path });

const status = z.enum([
  "queued",
  "copying",
  "aborting",
  "succeeded",
  "skipped",
  "failed",
  "aborted",
]);

export const copy = z
  .strictObject({
    id: instanceId,
    status,
    retryOf: instanceId.nullable().meta({ description: "The copy that this one repeats" }),
    source: url,
    destination: url,
    copyId: copyId.nullable(),
    copyStatus: z.enum(["pending", "success", "failed", "aborted"]).nullable(),
    abortRequested: z.boolean(),
    progress: progress.nullable(),
    statusReads: count.meta({ description: "Polls so far" }),
    nextReadAt: time.nullable(),
    warning: z.string().nullable(),
    createdAt: time,
    startedAt: time.nullable(),
    completedAt: time.nullable(),
    copyCompletedAt: time.nullable().meta({ description: "Storage's completion time" }),
    lastUpdatedAt: time,
    error: failure.nullable(),
    reason: z.string().nullable().meta({ description: "Why the copy was skipped" }),
    residue: z
      .array(z.string())
      .meta({ description: "Sentences that state what Ferry could not clean up" }),
    links,
  })
  .meta({ title: "Copy" });

const item = z
  .strictObject({
    id: instanceId,
    status,
    source: url,
    destination: url,
    createdAt: time,
    completedAt: time.nullable(),
    cause: cause.nullable(),
    bytes: count.nullable().meta({ description: "Bytes that Storage has copied" }),
    progress: progress.nullable().meta({ description: "While the copy runs" }),
    links,
  })
  .meta({ title: "Copy in a list" });

export const copyList = z
  .strictObject({
    items: z.array(item),
    nextCursor: z
      .string()
      .nullable()
      .meta({ description: "Repeat the request with this cursor; null on the last page" }),
  })
  .meta({ title: "Copy page" });

export const timeline = z
  .strictObject({
    id: instanceId,
    source: z.enum(["history", "ledger"]),
    entries: z.array(
      z.strictObject({
        at: time,
        step: z.enum(timelineSteps),
        until: time.nullable(),
        byRepair: z.boolean(),
      }),
    ),
    links: z.strictObject({ copy: path }),
  })
  .meta({ title: "Copy timeline" });

const plannedCall = z.strictObject({
  operation: z.string(),
  url,
  authorization: z.enum(authorizations),
  when: z.string().nullable().meta({ description: "Null if the call is always made" }),
});

const { shape } = storedOptionsShape;
const textMap = { type: "object", additionalProperties: { type: "string" } } as const;

const dryRunParts = {
  reads: z.array(plannedCall),
  writes: z.array(plannedCall),
  mints: z.array(z.strictObject({ url, permissions: z.string(), validDays: z.number() })),
  conditions: z.array(z.string()),
  notCarried: z.array(z.strictObject({ what: z.string(), option: z.string().nullable() })),
};

export const dryRun = z
  .strictObject({
    dryRun: z.literal(true),
    source: url,
    destination: url,
    route: z.string().nullable(),
    options: z.strictObject({
      ...shape,
      metadata: shape.metadata.meta({ anyOf: [textMap, { type: "null" }] }),
      tags: shape.tags.meta({ anyOf: [textMap, { const: "source" }, { type: "null" }] }),
    }),
    ...dryRunParts,
  })
  .meta({ title: "Copy plan" });

export const health = z.strictObject({ status: z.literal("ok") }).meta({ title: "Health" });

export const problemBody = z
  .strictObject({
    type: z.string().regex(/^urn:ferry:problem:[a-z-]+$/),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    fix: z.string().meta({ description: "What a person can do about it" }),
    errors: z
      .array(
        z.strictObject({
          pointer: z.string().meta({ description: "JSON pointer (RFC 6901)" }),
          message: z.string(),
        }),
      )
      .exactOptional(),
  })
  .meta({ title: "Problem (RFC 9457)" });

const options = optionsShape
  .extend({
    metadata: optionsShape.shape.metadata.meta(textMap),
    tags: optionsShape.shape.tags.meta({ anyOf: [textMap, { const: "source" }] }),
  })
  .exactOptional();
const requested = { options, dryRun: z.boolean().exactOptional() };

/** The body of `POST /copies`; `parseCopyRequest` parses it with the same schemas, and makes further checks. */
export const copyRequest = z
  .union([
    z.strictObject({ source: z.string(), destination: z.string(), ...requested }),
    z.strictObject({ source: z.string(), route: z.string(), ...requested }),
  ])
  .meta({ title: "Copy request" });

type Same<One, Other> = [One] extends [Other] ? ([Other] extends [One] ? true : false) : false;
type Checked<Checks extends readonly true[]> = Checks;

/** Does not compile unless the schemas describe exactly the types of the responses. */
export type CheckedAnswers = Checked<
  [
    Same<z.output<typeof copy>, CopyView>,
    Same<z.output<typeof item>, CopyItem>,
    Same<z.output<typeof timeline>, Timeline>,
    Same<z.output<z.ZodObject<typeof dryRunParts>>, DryRun>,
  ]
>;
