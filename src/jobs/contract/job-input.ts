import { z } from "zod";
import { endpointUrl } from "../../copy/location/endpoint.ts";
import type { BlobEndpoint } from "../../copy/location/endpoint.ts";
import type { CopyOwner } from "../../copy/contract/activities.ts";
import type { CopyOptions } from "../../copy/request/copy-options.ts";
import { isInstanceId } from "../../copy/contract/ids.ts";
import type { InstanceId } from "../../copy/contract/ids.ts";
import type { EpochMs } from "../../copy/time.ts";
import { blobOf } from "./storage.ts";
import type { JobContainer } from "./storage.ts";

/** The container of a job's source, destination or report, and the prefix in it: "" or a text that ends in a slash. */
export type JobPlace = { container: JobContainer; prefix: string };

/** The endpoint of a blob in the container of a place; `name` is its whole name. */
export function blobIn({ container }: Pick<JobPlace, "container">, name: string): BlobEndpoint {
  return blobOf({ container, name });
}

/** The URL of a place, without a secret; it ends in a slash. */
export function placeUrl({ container, prefix }: JobPlace): string {
  return endpointUrl(blobIn({ container }, prefix));
}

/** Which blobs of the source a job copies. Globs match the name below the source; times are ISO 8601. */
export type JobSelect = {
  include: readonly string[];
  exclude: readonly string[];
  modifiedFrom: string | null;
  modifiedTo: string | null;
  minSize: number | null;
  maxSize: number | null;
  types: readonly JobBlobType[];
};

export const jobBlobTypes = ["BlockBlob", "PageBlob", "AppendBlob"] as const;
export type JobBlobType = (typeof jobBlobTypes)[number];

/** Selects every blob. */
export const selectAll: JobSelect = {
  include: [],
  exclude: [],
  modifiedFrom: null,
  modifiedTo: null,
  minSize: null,
  maxSize: null,
  types: [],
};

/** The options of a copy that a job has, too. They apply to each of its objects. */
export const jobOptionNames = [
  "overwrite",
  "tier",
  "rehydratePriority",
  "metadata",
  "tags",
  "sealBlob",
  "immutabilityPolicy",
  "legalHold",
] as const satisfies readonly (keyof CopyOptions)[];

export type JobOptions = Pick<CopyOptions, (typeof jobOptionNames)[number]>;

/** A caller's request. It contains no plaintext secret. A stored shape: fields may be added, never changed. */
export type JobInput = {
  source: JobPlace;
  destination: JobPlace;
  /** The sealed SAS; null if the caller sent none. */
  sourceSas: string | null;
  destinationSas: string | null;
  select: JobSelect;
  options: JobOptions;
  /** The maximum number of concurrent calls to Storage. */
  concurrency: number;
  /** The job stops when more objects than this have failed; null: no limit. */
  maxFailures: number | null;
  /** Where the report is written; null: there is none. */
  report: JobPlace | null;
  /** ISO 8601. */
  createdAt: string;
  /** As in `CopyEndpoints`; absent for a caller without a principal, or without an Idempotency-Key. */
  owner?: CopyOwner;
  claim?: string;
  trace?: string;
};

/** The input of the orchestration and of its activity: the job, and which of its orchestrations this is. */
export type JobStep = {
  version: 1;
  instanceId: InstanceId;
  /** Numbers the orchestrations of the job: only the newest one works. */
  generation: number;
  /** The traceparent of the invocation that started it; absent if there is none. */
  trace?: string;
};

const stepShape = z.strictObject({
  version: z.literal(1),
  instanceId: z.string().refine(isInstanceId),
  generation: z.number().int().positive(),
  trace: z.string().max(64).optional(),
});

/** Parses an input that any client with access to the task hub can have written; null if Ferry cannot have. */
export function parseJobStep(json: unknown): JobStep | null {
  // The shape describes the type; a refinement does not add the brand of the id.
  return stepShape.safeParse(json).success ? (json as JobStep) : null;
}

/** The result of a step whose input Ferry cannot have written. */
export const refusedStep: JobStepResult = {
  kind: "done",
  reason: "Ferry did not write this input",
};

/** The result of one run of the activity. `until`: epoch ms. */
export type JobStepResult =
  | { kind: "again" }
  | { kind: "wait"; until: EpochMs }
  /** The job has ended, is paused or planned, does not exist, or has a newer orchestration. */
  | { kind: "done"; reason: string };

/** The activity of a job, as `CopyActivities` has those of a copy. */
export type JobActivities = { workOnJob: (step: JobStep) => Promise<JobStepResult> };
