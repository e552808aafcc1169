import type { HttpResponseInit } from "@azure/functions";
import type { AccessDenial } from "../copy/routing/copy-access.ts";
import type { Problem } from "../copy/request/request-problem.ts";

/** The types of problems that callers see, with status and title, and what to do if the response has no better fix. */
export const problems = {
  "invalid-request": {
    status: 400,
    title: "The request is not valid",
    fix: "Correct the request, and send it again",
  },
  "sign-in-required": {
    status: 401,
    title: "The caller has not signed in",
    fix: "Sign in with Microsoft Entra, and send the token as a bearer token",
  },
  "not-allowed": {
    status: 403,
    title: "This copy or job is not allowed",
    fix: "Ask an operator of the app to allow it in COPY_ALLOWED or COPY_ROUTES",
  },
  "not-found": {
    status: 404,
    title: "There is no such copy",
    fix: "Check the id; GET /copies returns the copies that you may use",
  },
  "method-not-allowed": {
    status: 405,
    title: "The method is not allowed here",
    fix: "Use one of the methods in the header Allow",
  },
  "already-ended": {
    status: 409,
    title: "The copy has already ended",
    fix: "Read the copy to see how it ended; POST /copies/{id}/retry starts it again",
  },
  "not-ended": {
    status: 409,
    title: "The copy has not ended yet",
    fix: "Wait until the copy has ended, or abort it; then try again",
  },
  "cannot-retry": {
    status: 409,
    title: "The copy cannot be retried",
    fix: "Send the request again with POST /copies",
  },
  deleted: {
    status: 410,
    title: "The copy was deleted",
    fix: "Use a new Idempotency-Key to start it again",
  },
  "idempotency-key-reused": {
    status: 409,
    title: "The Idempotency-Key belongs to another request",
    fix: "Use a new Idempotency-Key for this request",
  },
  "job-not-found": {
    status: 404,
    title: "There is no such job",
    fix: "Check the id; GET /jobs returns the jobs that you may use",
  },
  "job-ended": {
    status: 409,
    title: "The job has already ended",
    fix: "Read the job to see how it ended; POST /jobs starts another one",
  },
  "job-not-ended": {
    status: 409,
    title: "The job has not ended yet",
    fix: "Wait until the job has ended, or abort it; then try again",
  },
  "job-not-planned": {
    status: 409,
    title: "The status of the job is not planned",
    fix: "Start a job with POST /jobs, and the same places and options",
  },
  "job-overlaps": {
    status: 409,
    title: "Another job writes to an overlapping destination",
    fix: "Wait until the other job has ended, or abort it; then send the request again",
  },
  "length-required": {
    status: 411,
    title: "The request body has no Content-Length",
    fix: "Send the body in one piece, with the header Content-Length",
  },
  "too-large": {
    status: 413,
    title: "The request body is too large",
    fix: "Send a shorter request",
  },
  "unsupported-media-type": {
    status: 415,
    title: "The request body is not plain JSON",
    fix: 'Send uncompressed JSON with the header "Content-Type: application/json"',
  },
  internal: {
    status: 500,
    title: "The app has failed",
    fix: "Search the log of the app for the invocation",
  },
  settings: {
    status: 503,
    title: "The settings of the app are wrong",
    fix: "Correct these settings of the app, and restart it",
  },
  unavailable: {
    status: 503,
    title: "The app cannot serve this request now",
    fix: "Try again after the time in the header Retry-After",
  },
} as const;

export type ProblemType = keyof typeof problems;

type Extras = { fix?: string; errors?: Problem[]; headers?: Record<string, string> };

/** The maximum number of problems that a response lists. A small request can have thousands. */
const maxListed = 50;

/** Builds the response to a request with these problems: their number, and the first 50 of them. */
export function invalidRequest(problems: readonly Problem[]): HttpResponseInit {
  const count = problems.length;
  const listed = count > maxListed ? `, of which the first ${maxListed} are listed` : "";
  const detail = `${count} problem${count === 1 ? "" : "s"} found${listed}; nothing was started`;
  return problem("invalid-request", detail, { errors: problems.slice(0, maxListed) });
}

/** The fix for a request with a SAS that the app cannot encrypt. */
export const sealFix =
  "Set COPY_SECRET_KEYS (create a key with: openssl rand -base64 32), or remove the SAS and give this app's identity a role";

/** Builds the response to a request that the settings do not allow. */
export function deniedCopy({ reason, fix, problems }: AccessDenial): HttpResponseInit {
  const errors = problems.length === 0 ? {} : { errors: problems };
  return problem("not-allowed", `Cannot start the copy because ${reason}`, { fix, ...errors });
}

/** The same for a job. */
export function deniedJob({ reason, fix, problems }: AccessDenial): HttpResponseInit {
  const errors = problems.length === 0 ? {} : { errors: problems };
  return problem("not-allowed", `Cannot start the job because ${reason}`, { fix, ...errors });
}

/** Builds an `application/problem+json` response (RFC 9457). `detail` and `fix` must not contain anything secret. */
export function problem(type: ProblemType, detail: string, extras: Extras = {}): HttpResponseInit {
  const { status, title } = problems[type];
  const { fix = problems[type].fix, errors, headers } = extras;
  const body = { type: `urn:ferry:problem:${type}`, title, status, detail, fix };
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
