import type { components, operations } from "./api-types.ts";

type Schemas = components["schemas"];
type WithoutDryRun<Request> = Request extends unknown ? Omit<Request, "dryRun"> : never;

/** A source, a destination (or a route) and options: the body of `POST /copies`. */
export type StartRequest = WithoutDryRun<Schemas["CopyRequest"]>;
export type CopyOptions = NonNullable<StartRequest["options"]>;
export type Copy = Schemas["Copy"];
export type CopyStatus = Copy["status"];
export type CopyProgress = NonNullable<Copy["progress"]>;
/** Why a copy failed, and what to do about it. */
export type CopyFailure = NonNullable<Copy["error"]>;
/** A copy in a list. */
export type CopySummary = Schemas["CopyPage"]["items"][number];
export type Page = Schemas["CopyPage"];
/** What a copy would read and write. */
export type Plan = Schemas["CopyPlan"];
export type Timeline = Schemas["CopyTimeline"];
export type Health = Schemas["Health"];
/** A problem of one field of a request; `pointer` is a JSON pointer (RFC 6901). */
export type FieldProblem = NonNullable<Schemas["Problem"]["errors"]>[number];
/** A source and a destination, each with everything below it, and which blobs to copy: the body of `POST /jobs`. */
export type JobRequest = WithoutDryRun<Schemas["JobRequest"]>;
export type Job = Schemas["Job"];
export type JobStatus = Job["status"];
/** A job in a list. */
export type JobSummary = Schemas["JobPage"]["items"][number];
export type JobPage = Schemas["JobPage"];
export type JobPageQuery = NonNullable<operations["listJobs"]["parameters"]["query"]>;
export type JobFilters = Pick<JobPageQuery, "status">;
/** The parameters of a list. */
export type PageQuery = NonNullable<operations["listCopies"]["parameters"]["query"]>;
export type ListFilters = Pick<PageQuery, "status" | "source" | "destination">;

const finalStatuses: readonly CopyStatus[] = ["succeeded", "skipped", "failed", "aborted"];

/** Returns whether the status of a copy can no longer change. */
export function hasEnded({ status }: { status: CopyStatus }): boolean {
  return finalStatuses.includes(status);
}

const restingStatuses: readonly JobStatus[] = [
  "planned",
  "paused",
  "succeeded",
  "failed",
  "aborted",
];

/** Returns whether a job does not change until a caller changes it: it has ended, is planned or is paused. */
export function isJobAtRest({ status }: { status: JobStatus }): boolean {
  return restingStatuses.includes(status);
}
