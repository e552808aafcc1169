import type { z } from "zod";
import { problemBody } from "./answers.ts";
import { copyExample, problemExample } from "./examples.ts";

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

export const text = { type: "string" } as const;
export const cacheControl: Header = {
  description: "Whether a cache may store it",
  schema: text,
  example: "no-store",
};
export const retryAfter: Header = {
  description: "Seconds",
  schema: { type: "integer", minimum: 1 },
  example: "5",
};
export const location: Header = {
  description: "The URL of the copy",
  schema: { type: "string", format: "uri" },
};
export const vary: Header = {
  description: "Always Prefer",
  schema: { type: "string", const: "Prefer" },
};
export const applied: Header = {
  description: "wait=N, if the request was held",
  schema: text,
  example: "wait=20",
};
export const etag: Header = {
  description: "Changes with the body",
  schema: text,
  example: '"2Kb0fYyBPxc5hM3sxJ8G1A"',
};

export const noStore = { "cache-control": cacheControl };
export const ofAbort = { ...noStore, vary, "retry-after": retryAfter };
export const ofCopy = {
  ...noStore,
  vary,
  "preference-applied": applied,
  "retry-after": retryAfter,
};

export const answer = (
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

export const problem = (
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
export const failures = {
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
export const notFound = {
  404: problem("There is no such copy, or it belongs to another caller", "not-found", 404),
};
export const badBody = {
  400: problem("The request is not valid", "invalid-request", 400),
  411: problem("The body was sent in chunks, so the host lost it", "length-required", 411),
  413: problem("The body is too large", "too-large", 413),
  415: problem("The body is not plain JSON", "unsupported-media-type", 415, {
    accept: { description: "The accepted media type", schema: text },
    "accept-encoding": { description: "The accepted content coding", schema: text },
  }),
};

export const id: Parameter = {
  name: "id",
  in: "path",
  description: "The id of the copy",
  schema: { type: "string", format: "uuid" },
  example: copyExample.id,
};
export const prefer: Parameter = {
  name: "Prefer",
  in: "header",
  description:
    "wait=N holds the response until the copy has ended, for at most N seconds (1 to 20)",
  schema: text,
  example: "wait=20",
};
export const idempotencyKey: Parameter = {
  name: "Idempotency-Key",
  in: "header",
  description:
    "Requests with the same key start only one copy. A repeated request returns it, even if it would be rejected by now",
  schema: { type: "string", pattern: "^[\\x21-\\x2b\\x2d-\\x7e]{1,255}$" },
  example: "7d0b8f9e-52d7-4f3c-8f0c-6a2f3c1f7d11",
};
export const query = (
  name: string,
  description: string,
  schema: object,
  example: string,
): Parameter => ({
  name,
  in: "query",
  description,
  schema,
  example,
});
