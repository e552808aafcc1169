import { jobStatuses } from "../../jobs/decisions/job-status.ts";
import { job, jobList, jobRequest } from "./job-answers.ts";
import { abortedJob, jobExample, jobListExample, jobRequestExamples } from "./job-examples.ts";
import {
  answer,
  badBody,
  etag,
  failures,
  idempotencyKey,
  location,
  noStore,
  ofCopy,
  prefer,
  problem,
  query,
  retryAfter,
  text,
} from "./parts.ts";
import type { Operation, Parameter } from "./parts.ts";

const jobId: Parameter = {
  name: "id",
  in: "path",
  description: "The id of the job",
  schema: { type: "string", format: "uuid" },
  example: jobExample.id,
};
const hold: Parameter = {
  ...prefer,
  description:
    "wait=N holds the response until the job has ended or is paused, for at most N seconds (1 to 20)",
};
const key: Parameter = {
  ...idempotencyKey,
  description:
    "Requests with the same key start only one job. A repeated request returns it, even if it would be rejected by now",
};
const ofJob = ofCopy;
const jobLocation = { ...location, description: "The URL of the job" };
const jobFailures = {
  ...failures,
  503: {
    ...failures[503],
    headers: { "cache-control": noStore["cache-control"], "retry-after": retryAfter },
  },
};
const jobNotFound = {
  404: problem("There is no such job, or it belongs to another caller", "job-not-found", 404),
};

/** The operations that change a job. */
const order = (
  operationId: string,
  { summary, changed, same, refused }: Record<"summary" | "changed" | "same" | "refused", string>,
  example: object = jobExample,
): Operation => ({
  operationId,
  summary,
  isAnonymous: false,
  parameters: [jobId, hold],
  request: null,
  answers: {
    200: answer(same, job, ofJob, example),
    202: answer(changed, job, { ...ofJob, location: jobLocation }, jobExample),
    ...badBody,
    ...jobNotFound,
    409: problem(refused, "job-ended", 409),
    ...jobFailures,
  },
});

/** The operations of jobs, by path and method. */
export const jobOperations: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
  "/jobs": {
    post: {
      operationId: "startJob",
      summary: "Copy all selected blobs of a container or folder, or plan it",
      isAnonymous: false,
      parameters: [key, hold],
      request: { schema: jobRequest, examples: jobRequestExamples },
      answers: {
        200: answer(
          "The job that an earlier request with the same key started",
          job,
          ofJob,
          jobExample,
        ),
        202: answer("The job was started", job, { ...ofJob, location: jobLocation }, jobExample),
        ...badBody,
        403: problem("The settings do not allow this job", "not-allowed", 403),
        409: problem(
          "Another job writes to an overlapping destination, or the key belongs to another request",
          "job-overlaps",
          409,
        ),
        410: problem("The job of this Idempotency-Key was deleted", "deleted", 410),
        ...jobFailures,
      },
    },
    get: {
      operationId: "listJobs",
      summary: "List jobs, newest first",
      description:
        "A page can be short or empty even if others follow: continue until nextCursor is null.",
      isAnonymous: false,
      parameters: [
        query(
          "status",
          "Only jobs with this status",
          { type: "string", enum: jobStatuses },
          "running",
        ),
        query(
          "limit",
          "The maximum number of jobs in a page",
          { type: "integer", minimum: 1, maximum: 50, default: 50 },
          "20",
        ),
        query("cursor", "The nextCursor of a page with the same filter", text, ""),
      ],
      request: null,
      answers: {
        200: answer("A page of jobs", jobList, noStore, jobListExample),
        400: problem("A parameter is not valid", "invalid-request", 400),
        ...jobFailures,
      },
    },
  },
  "/jobs/{id}": {
    get: {
      operationId: "getJob",
      summary: "Read a job",
      isAnonymous: false,
      parameters: [
        jobId,
        hold,
        {
          name: "If-None-Match",
          in: "header",
          description: "The ETag of an earlier response",
          schema: text,
          example: etag.example ?? "",
        },
      ],
      request: null,
      answers: {
        200: answer("The job", job, { ...ofJob, etag }, jobExample),
        304: answer("The job has not changed", null, { ...ofJob, etag }),
        ...jobNotFound,
        ...jobFailures,
      },
    },
    delete: {
      operationId: "deleteJob",
      summary: "Delete a job that has ended",
      description: "The copied content and the report stay.",
      isAnonymous: false,
      parameters: [jobId],
      request: null,
      answers: {
        204: answer("The job was deleted", null, noStore),
        ...jobNotFound,
        409: problem("The job has not ended", "job-not-ended", 409, { "retry-after": retryAfter }),
        ...jobFailures,
      },
    },
  },
  "/jobs/{id}/abort": {
    post: order(
      "abortJob",
      {
        summary: "Abort a job",
        changed: "The abort was requested",
        same: "The job is aborted, or is being aborted",
        refused: "The job has already ended without being aborted",
      },
      abortedJob,
    ),
  },
  "/jobs/{id}/pause": {
    post: order("pauseJob", {
      summary: "Pause a job",
      changed: "The pause was requested",
      same: "The job is paused, or is pausing",
      refused: "The job has ended",
    }),
  },
  "/jobs/{id}/resume": {
    post: order("resumeJob", {
      summary: "Resume a paused job",
      changed: "The job continues",
      same: "The job was not paused",
      refused: "The job has ended",
    }),
  },
  "/jobs/{id}/start": {
    post: {
      ...order("startPlannedJob", {
        summary: "Start a planned job, which copies the objects of its plan",
        changed: "The job was started",
        same: "The job was started",
        refused:
          "The status of the job is not planned, or another job writes to an overlapping destination",
      }),
      answers: {
        202: answer("The job was started", job, { ...ofJob, location: jobLocation }, jobExample),
        ...badBody,
        403: problem("The settings no longer allow this job", "not-allowed", 403),
        ...jobNotFound,
        409: problem(
          "The status of the job is not planned, or another job writes to an overlapping destination",
          "job-not-planned",
          409,
        ),
        ...jobFailures,
      },
    },
  },
};
