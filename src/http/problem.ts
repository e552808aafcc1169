import type { HttpResponseInit } from "@azure/functions";
import type { AccessDenial } from "../copy/routing/copy-access.ts";
import type { Problem } from "../copy/request/request-problem.ts";

/** The types of problems that callers see, with status and title. */
const problems = {
  "invalid-request": { status: 400, title: "The request is not valid" },
  "sign-in-required": { status: 401, title: "The caller has not signed in" },
  "not-allowed": { status: 403, title: "This copy or job is not allowed" },
  "not-found": { status: 404, title: "There is no such copy" },
  "method-not-allowed": { status: 405, title: "The method is not allowed here" },
  "already-ended": { status: 409, title: "The copy has already ended" },
  "not-ended": { status: 409, title: "The copy has not ended yet" },
  "cannot-retry": { status: 409, title: "The copy cannot be retried" },
  deleted: { status: 410, title: "The copy was deleted" },
  "idempotency-key-reused": {
    status: 409,
    title: "The Idempotency-Key belongs to another request",
  },
  "job-not-found": { status: 404, title: "There is no such job" },
  "job-ended": { status: 409, title: "The job has already ended" },
  "job-not-ended": { status: 409, title: "The job has not ended yet" },
  "job-not-planned": { status: 409, title: "The status of the job is not planned" },
  "job-overlaps": { status: 409, title: "Another job writes to an overlapping destination" },
  "length-required": { status: 411, title: "The request body has no Content-Length" },
  "too-large": { status: 413, title: "The request body is too large" },
  "unsupported-media-type": { status: 415, title: "The request body is not plain JSON" },
  internal: { status: 500, title: "The app has failed" },
  settings: { status: 503, title: "The settings of the app are wrong" },
  unavailable: { status: 503, title: "The app cannot serve this request now" },
} as const;

export type ProblemType = keyof typeof problems;

type Extras = { errors?: Problem[]; headers?: Record<string, string> };

/** The maximum number of problems that a response lists. A small request can have thousands. */
const maxListed = 50;

/** Builds the response to a request with these problems: their number, and the first 50 of them. */
export function invalidRequest(problems: readonly Problem[]): HttpResponseInit {
  const count = problems.length;
  const listed = count > maxListed ? `, of which the first ${maxListed} are listed` : "";
  const detail = `${count} problem${count === 1 ? "" : "s"} found${listed}; nothing was started`;
  return problem("invalid-request", detail, { errors: problems.slice(0, maxListed) });
}

/** Builds the response to a request that the settings do not allow. */
export function deniedCopy({ reason, problems }: AccessDenial): HttpResponseInit {
  const errors = problems.length === 0 ? {} : { errors: problems };
  return problem("not-allowed", `Cannot start the copy because ${reason}`, errors);
}

/** The same for a job. */
export function deniedJob({ reason, problems }: AccessDenial): HttpResponseInit {
  const errors = problems.length === 0 ? {} : { errors: problems };
  return problem("not-allowed", `Cannot start the job because ${reason}`, errors);
}

/** Builds an `application/problem+json` response (RFC 9457). `detail` must not contain anything secret. */
export function problem(type: ProblemType, detail: string, extras: Extras = {}): HttpResponseInit {
  const { status, title } = problems[type];
  const { errors, headers } = extras;
  const body = { type: `urn:ferry:problem:${type}`, title, status, detail };
  return {
    status,
    headers: {
      ...headers,
      "cache-control": "no-store",
      "content-type": "application/problem+json",
    },
    body: JSON.stringify(errors === undefined ? body : { ...body, errors }),
  };
}
