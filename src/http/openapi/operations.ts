import type { z } from "zod";
import { copy, copyList, copyRequest, dryRun, health, problemBody, timeline } from "./answers.ts";
import {
  abortedCopy,
  copyExample,
  dryRunExample,
  listExample,
  problemExample,
  requestExamples,
  timelineExample,
} from "./examples.ts";

/** A header of a request or a response; the key is its name in lower case. */
export type Header = { description: string; schema: object; example?: string };

export type Answer = {
  description: string;
  /** Null: no body. */
  body: z.ZodType | null;
  isProblem: boolean;
  headers: Readonly<Record<string, Header>>;
  example?: unknown;
};

export type Parameter = Header & { name: string; in: "path" | "query" | "header" };

export type Operation = {
  operationId: string;
  summary: string;
  description?: string;
  isAnonymous: boolean;
  parameters: readonly Parameter[];
  request: { schema: z.ZodType; examples: Readonly<Record<string, object>> } | null;
  /** By status. */
  answers: Readonly<Record<string, Answer>>;
};

const text = { type: "string" } as const;
const cacheControl: Header = {
  description: "Whether a cache may store it",
  schema: text,
  example: "no-store",
};
const retryAfter: Header = {
  description: "Seconds",
  schema: { type: "integer", minimum: 1 },
  example: "5",
};
const location: Header = {
  description: "The URL of the copy",
  schema: { type: "string", format: "uri" },
};
const vary: Header = { description: "Always Prefer", schema: { type: "string", const: "Prefer" } };
const applied: Header = {
  description: "wait=N, if the request was held",
  schema: text,
  example: "wait=20",
};
const etag: Header = {
  description: "Changes with the body",
  schema: text,
  example: '"2Kb0fYyBPxc5hM3sxJ8G1A"',
};

const noStore = { "cache-control": cacheControl };
const ofAbort = { ...noStore, vary, "retry-after": retryAfter };
const ofCopy = { ...noStore, vary, "preference-applied": applied, "retry-after": retryAfter };

const answer = (
  description: string,
  body: z.ZodType | null,
  headers: Answer["headers"],
  example?: unknown,
): Answer => ({
  description,
  body,
  isProblem: false,
  headers,
  ...(example === undefined ? {} : { example }),
});

const problem = (
  description: string,
  type: string,
  status: number,
  headers: Answer["headers"] = {},
): Answer => ({
  description,
  body: problemBody,
  isProblem: true,
  headers: { ...noStore, ...headers },
  example: problemExample(type, status, description),
});

/** The responses that every call with a key can get. */
const failures = {
  401: problem(
    "The caller has not signed in; a 401 of the host itself has no body",
    "sign-in-required",
    401,
    {
      "www-authenticate": { description: "Bearer", schema: text },
    },
  ),
  500: problem("The app has failed; the error is in its log", "internal", 500),
  503: problem("The app cannot serve the request now", "unavailable", 503, {
    "retry-after": retryAfter,
    location,
  }),
};
const notFound = {
  404: problem("There is no such copy, or it belongs to another caller", "not-found", 404),
};
const badBody = {
  400: problem("The request is not valid", "invalid-request", 400),
  411: problem("The body was sent in chunks, so the host lost it", "length-required", 411),
  413: problem("The body is too large", "too-large", 413),
  415: problem("The body is not plain JSON", "unsupported-media-type", 415, {
    accept: { description: "The accepted media type", schema: text },
    "accept-encoding": { description: "The accepted content coding", schema: text },
  }),
};

const id: Parameter = {
  name: "id",
  in: "path",
  description: "The id of the copy",
  schema: { type: "string", format: "uuid" },
  example: copyExample.id,
};
const prefer: Parameter = {
  name: "Prefer",
  in: "header",
  description:
    "wait=N holds the response until the copy has ended, for at most N seconds (1 to 20)",
  schema: text,
  example: "wait=20",
};
const idempotencyKey: Parameter = {
  name: "Idempotency-Key",
  in: "header",
  description:
    "Requests with the same key start only one copy. A repeated request returns it, even if it would be rejected by now",
  schema: { type: "string", pattern: "^[\\x21-\\x2b\\x2d-\\x7e]{1,255}$" },
  example: "7d0b8f9e-52d7-4f3c-8f0c-6a2f3c1f7d11",
};
const query = (name: string, description: string, schema: object, example: string): Parameter => ({
  name,
  in: "query",
  description,
  schema,
  example,
});

/** Every operation of the API, by its path below `/api` and its method. */
export const operations: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
  "/copies": {
    post: {
      operationId: "startCopy",
      summary: "Start a copy, or plan it",
      isAnonymous: false,
      parameters: [idempotencyKey, prefer],
      request: { schema: copyRequest, examples: requestExamples },
      answers: {
        200: answer(
          "The copy that an earlier request with the same key started, or the plan of a dry run",
          copy.or(dryRun),
          ofCopy,
          dryRunExample,
        ),
        202: answer("The copy was started", copy, { ...ofCopy, location }, copyExample),
        ...badBody,
        403: problem("The settings do not allow this copy", "not-allowed", 403),
        409: problem(
          "The Idempotency-Key belongs to another request",
          "idempotency-key-reused",
          409,
        ),
        410: problem("The copy of this Idempotency-Key was deleted", "deleted", 410),
        ...failures,
      },
    },
    get: {
      operationId: "listCopies",
      summary: "List copies, newest first",
      description:
        "A page can be short or empty even if others follow: continue until nextCursor is null.",
      isAnonymous: false,
      parameters: [
        query(
          "status",
          "Only copies with this status",
          { type: "string", enum: ["running", "succeeded", "skipped", "failed", "aborted"] },
          "failed",
        ),
        query(
          "source",
          "The beginning of the source's URL",
          { type: "string", maxLength: 2_048 },
          "https://acct1.blob.core.windows.net/inbox/",
        ),
        query(
          "destination",
          "The beginning of the destination's URL",
          { type: "string", maxLength: 2_048 },
          "https://acct2.blob.core.windows.net/archive/",
        ),
        query(
          "limit",
          "The maximum number of copies in a page",
          { type: "integer", minimum: 1, maximum: 50, default: 50 },
          "20",
        ),
        query("cursor", "The nextCursor of a page with the same filters", text, ""),
      ],
      request: null,
      answers: {
        200: answer("A page of copies", copyList, noStore, listExample),
        400: problem("A parameter is not valid", "invalid-request", 400),
        ...failures,
      },
    },
  },
  "/copies/{id}": {
    get: {
      operationId: "getCopy",
      summary: "Read a copy",
      isAnonymous: false,
      parameters: [
        id,
        prefer,
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
        200: answer("The copy", copy, { ...ofCopy, etag }, copyExample),
        304: answer("The copy has not changed", null, { ...ofCopy, etag }),
        ...notFound,
        ...failures,
      },
    },
    delete: {
      operationId: "deleteCopy",
      summary: "Delete a copy that has ended",
      description: "The copied content stays.",
      isAnonymous: false,
      parameters: [id],
      request: null,
      answers: {
        204: answer("The copy was deleted", null, noStore),
        ...notFound,
        409: problem("The copy has not ended", "not-ended", 409, { "retry-after": retryAfter }),
        ...failures,
      },
    },
  },
  "/copies/{id}/abort": {
    post: {
      operationId: "abortCopy",
      summary: "Abort a copy",
      isAnonymous: false,
      parameters: [id],
      request: null,
      answers: {
        200: answer("The copy is aborted", copy, ofAbort, abortedCopy),
        202: answer(
          "The abort was requested",
          copy,
          { ...ofAbort, location },
          { ...copyExample, status: "aborting", abortRequested: true },
        ),
        ...badBody,
        ...notFound,
        409: problem("The copy has already ended without being aborted", "already-ended", 409),
        ...failures,
      },
    },
  },
  "/copies/{id}/retry": {
    post: {
      operationId: "retryCopy",
      summary: "Start a copy with the request of one that has ended",
      isAnonymous: false,
      parameters: [id, idempotencyKey, prefer],
      request: null,
      answers: {
        200: answer("The retry that an earlier request with the same key started", copy, ofCopy, {
          ...copyExample,
          retryOf: abortedCopy.id,
        }),
        202: answer(
          "The new copy was started",
          copy,
          { ...ofCopy, location },
          { ...copyExample, retryOf: abortedCopy.id },
        ),
        ...badBody,
        403: problem("The settings no longer allow this copy", "not-allowed", 403),
        ...notFound,
        409: problem("The copy has not ended, or its SAS can no longer be used", "not-ended", 409),
        410: problem("The copy of this Idempotency-Key was deleted", "deleted", 410),
        ...failures,
      },
    },
  },
  "/copies/{id}/timeline": {
    get: {
      operationId: "getTimeline",
      summary: "Read what happened to a copy",
      isAnonymous: false,
      parameters: [id],
      request: null,
      answers: {
        200: answer("The timeline of the copy", timeline, noStore, timelineExample),
        ...notFound,
        ...failures,
      },
    },
  },
  "/health": {
    get: {
      operationId: "getHealth",
      summary: "Read whether the settings are valid",
      isAnonymous: true,
      parameters: [],
      request: null,
      answers: {
        200: answer("The settings are valid", health, noStore, { status: "ok" }),
        503: problem("The settings are invalid", "settings", 503),
      },
    },
  },
  "/openapi.json": {
    get: {
      operationId: "getDocument",
      summary: "Read this document",
      isAnonymous: true,
      parameters: [],
      request: null,
      answers: { 200: answer("This document", null, { "cache-control": cacheControl }) },
    },
  },
};
