import { copy, copyList, copyRequest, dryRun, health, timeline } from "./answers.ts";
import {
  abortedCopy,
  copyExample,
  dryRunExample,
  listExample,
  requestExamples,
  timelineExample,
} from "./examples.ts";
import { jobOperations } from "./job-operations.ts";
import {
  answer,
  badBody,
  cacheControl,
  etag,
  failures,
  id,
  idempotencyKey,
  location,
  noStore,
  notFound,
  ofAbort,
  ofCopy,
  prefer,
  problem,
  query,
  retryAfter,
  text,
} from "./parts.ts";
import type { Operation } from "./parts.ts";

export type { Answer, Header, Operation, Parameter } from "./parts.ts";

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
  ...jobOperations,
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
