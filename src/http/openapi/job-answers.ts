import { z } from "zod";
import { causes } from "../../copy/contract/failure.ts";
import type { Cause } from "../../copy/contract/failure.ts";
import type { InstanceId } from "../../copy/contract/ids.ts";
import type { JobItem, JobView } from "../../instances/job-view.ts";
import { jobCauses } from "../../jobs/contract/job-failure.ts";
import type { JobCause } from "../../jobs/contract/job-failure.ts";
import { jobBlobTypes } from "../../jobs/contract/job-input.ts";
import { losses } from "../../jobs/contract/page.ts";
import { jobStatuses } from "../../jobs/decisions/job-status.ts";
import { jobOptionsShape, jobRequestShape } from "../../jobs/request/job-request.ts";
import { storedOptionsShape } from "../../copy/request/copy-options.ts";

/* The schemas of the bodies of jobs; see answers.ts. */

// The brand has no runtime value, so only a cast can add it.
const id = z
  .guid()
  .meta({ description: "Ferry's id of the job" }) as z.ZodType as z.ZodType<InstanceId>;
const time = z.iso.datetime().meta({ format: "date-time" });
const url = z.string().meta({ description: "A URL without a SAS; it ends in a slash" });
const count = z.number().int().nonnegative();
const path = z.string().meta({ description: "A path of this app" });
const cause = z.enum(Object.keys(causes) as [Cause, ...Cause[]]);
const jobCause = z
  .enum(Object.keys(jobCauses) as [JobCause, ...JobCause[]])
  .meta({ description: "Why the job failed" });
const status = z.enum(jobStatuses);
const links = z.strictObject({ self: path, abort: path, pause: path, resume: path, start: path });

const failure = z.strictObject({
  cause: jobCause,
  message: z.string(),
  fix: z.string().meta({ description: "What a person can do about it" }),
  retryable: z.boolean().meta({ description: "The same request may succeed later" }),
  storage: z
    .strictObject({ status: z.number().int(), code: z.string().nullable() })
    .nullable()
    .meta({ description: "Storage's response; status 0 means none" }),
});

const textMap = { type: "object", additionalProperties: { type: "string" } } as const;
const { shape } = storedOptionsShape;
// Checked where they are parsed; in the document, they are the maps that they must be.
const nullableMap = z.record(z.string(), z.string()).nullable();
const options = z.strictObject({
  overwrite: shape.overwrite,
  tier: shape.tier,
  rehydratePriority: shape.rehydratePriority,
  metadata: nullableMap,
  tags: z.union([nullableMap, z.literal("source")]),
  sealBlob: shape.sealBlob,
  immutabilityPolicy: shape.immutabilityPolicy,
  legalHold: shape.legalHold,
});

const globs = z.array(z.string()).readonly();
const select = z.strictObject({
  include: globs.meta({ description: "Empty: every name" }),
  exclude: globs,
  modifiedFrom: z.string().nullable(),
  modifiedTo: z.string().nullable(),
  minSize: count.nullable(),
  maxSize: count.nullable(),
  types: z.array(z.enum(jobBlobTypes)).readonly().meta({ description: "Empty: every type" }),
});

const failedObject = z.strictObject({
  name: z.string().meta({ description: "Below the source" }),
  cause,
  message: z.string(),
  fix: z.string().meta({ description: "What a person can do about it" }),
});

export const job = z
  .strictObject({
    id,
    status,
    source: url,
    destination: url,
    select,
    options,
    concurrency: count.meta({ description: "Calls to Storage at the same time, at most" }),
    maxFailures: count.nullable().meta({ description: "Null: no limit" }),
    report: url.nullable().meta({ description: "The folder of the report" }),
    objects: z.strictObject({
      planned: count.meta({ description: "Of the pages that are planned; see isPlanned" }),
      leftOut: count.meta({ description: "By select; not among the planned ones" }),
      copied: count,
      pending: count.meta({ description: "Storage is copying them" }),
      skipped: count,
      failed: count,
      aborted: count,
      notStarted: count.meta({ description: "The job ended before them" }),
      remaining: count,
    }),
    bytes: z.strictObject({ planned: count, copied: count }),
    rate: z
      .strictObject({ objectsPerSecond: z.number(), bytesPerSecond: z.number() })
      .nullable()
      .meta({ description: "Of the last two minutes" }),
    estimatedCompletion: time.nullable(),
    isPlanned: z.boolean().meta({ description: "All pages are planned" }),
    failedByCause: z.partialRecord(cause, count),
    failures: z.array(failedObject).meta({ description: "The first 20" }),
    notCarried: z
      .partialRecord(z.enum(losses), count)
      .meta({ description: "How many copies lack something that their sources have" }),
    throttling: z
      .strictObject({
        calls: count.meta({ description: "That Storage did not serve because it was busy" }),
        lastAt: time.nullable(),
        concurrency: count.meta({ description: "Calls at the same time now" }),
        pausedUntil: time.nullable(),
      })
      .nullable(),
    warning: z.string().nullable().meta({ description: "Why it makes no progress now" }),
    reason: z.string().nullable().meta({ description: "Why nothing was planned" }),
    error: failure.nullable(),
    createdAt: time,
    startedAt: time.nullable(),
    completedAt: time.nullable(),
    lastUpdatedAt: time,
    links,
  })
  .meta({ title: "Job" });

const item = z
  .strictObject({
    id,
    status,
    source: url,
    destination: url,
    createdAt: time,
    completedAt: time.nullable(),
    objects: z.strictObject({ planned: count, copied: count, failed: count }),
    links,
  })
  .meta({ title: "Job in a list" });

export const jobList = z
  .strictObject({
    items: z.array(item),
    nextCursor: z
      .string()
      .nullable()
      .meta({ description: "Repeat the request with this cursor; null on the last page" }),
  })
  .meta({ title: "Job page" });

/** The body of `POST /jobs`; `parseJobRequest` parses it with the same schema, and checks more than this. */
export const jobRequest = jobRequestShape
  .extend({
    options: jobOptionsShape
      .extend({
        metadata: jobOptionsShape.shape.metadata.meta(textMap),
        tags: jobOptionsShape.shape.tags.meta({ anyOf: [textMap, { const: "source" }] }),
      })
      .exactOptional(),
  })
  .meta({ title: "Job request" });

type Same<One, Other> = [One] extends [Other] ? ([Other] extends [One] ? true : false) : false;
type Checked<Checks extends readonly true[]> = Checks;

/** Does not compile unless the schemas describe exactly the types of the responses. */
export type CheckedJobAnswers = Checked<
  [Same<z.output<typeof job>, JobView>, Same<z.output<typeof item>, JobItem>]
>;
