import { classifyNetworkError } from "./network-error.ts";
import type { Address } from "./network-error.ts";
import type { FieldProblem } from "./types.ts";

/**
 * Where an error comes from:
 * - `problem`: the app rejected the request (problem+json);
 * - `foreign`: a response that is not the app's, for example a page of a proxy, or the host's 401;
 * - `network`: no response, for example because the app is not running;
 * - `timeout`: no response in time;
 * - `usage`: the arguments of the client are wrong, and nothing was sent.
 */
export type FerryErrorKind = "problem" | "foreign" | "network" | "timeout" | "usage";

type Details = {
  kind: FerryErrorKind;
  causeName: string;
  message: string;
  status?: number;
  fix?: string;
  errors?: readonly FieldProblem[];
  retryAfter?: number | null;
  location?: string | null;
  mayHaveArrived?: boolean;
  cause?: unknown;
};

/** A call that failed. The message states the cause; it never contains the key. */
export class FerryError extends Error {
  override readonly name = "FerryError";
  readonly kind: FerryErrorKind;
  /** The end of the problem's `type`, such as `not-found`; for other kinds, a name such as `network`. */
  readonly causeName: string;
  /** The status of the response; null if there was none. */
  readonly status: number | null;
  /** What a person can do about it; null if the message already says so. */
  readonly fix: string | null;
  /** The problems of the request's fields. */
  readonly errors: readonly FieldProblem[];
  /** The seconds after which the call can be repeated, or null. */
  readonly retryAfter: number | null;
  /** The URL of a copy that may or may not have been started, or null. */
  readonly location: string | null;
  /** Whether an attempt of the call may have reached the app, which then may have executed it. */
  mayHaveArrived: boolean;

  constructor(details: Details) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = details.kind;
    this.causeName = details.causeName;
    this.status = details.status ?? null;
    this.fix = details.fix ?? null;
    this.errors = details.errors ?? [];
    this.retryAfter = details.retryAfter ?? null;
    this.location = details.location ?? null;
    const { kind, status } = this;
    this.mayHaveArrived =
      details.mayHaveArrived ?? (kind === "timeout" || (status !== null && status >= 500));
  }
}

/** A response, and the data for the message about it. `call`: the method and the URL without its query. */
type Failed = { response: Response; body: unknown; call: string };

/** Builds the error of a response that is not a success. */
export function errorOfResponse({ response, body, call }: Failed): FerryError {
  const { status, headers } = response;
  const retryAfter = readSeconds(headers.get("retry-after"));
  const problem = readProblem(body);
  if (problem === null) return foreignResponse({ response, body, call });
  const { type, title, detail, fix, errors } = problem;
  return new FerryError({
    kind: "problem",
    causeName: type.replace(/^urn:ferry:problem:/, ""),
    message: `${title}: ${detail}`,
    status,
    errors,
    retryAfter,
    location: headers.get("location"),
    ...(fix === null ? {} : { fix }),
  });
}

const signIn = "Sign in, or use a function key of the app";

/** Builds the error of a response that is not Ferry's, regardless of its status. */
export function foreignResponse({ response, call }: Failed): FerryError {
  const { status, headers } = response;
  const retryAfter = readSeconds(headers.get("retry-after"));
  const details = { kind: "foreign", status, retryAfter } as const;
  // The Functions host responds to a missing or wrong key with an empty body.
  if (status === 401 || status === 403) {
    const message = `Cannot call ${call} because the host rejected the key, or needs one: status ${status}`;
    return new FerryError({ ...details, causeName: "key-rejected", message, fix: signIn });
  }
  // A browser shows a redirect as status 0.
  if (response.type === "opaqueredirect" || (status >= 300 && status < 400)) {
    const message = `Cannot call ${call} because it redirects, and the client follows no redirect: status ${status}`;
    const fix =
      "Use the URL to which it redirects, if that is the app; a redirect can also mean that you must sign in";
    return new FerryError({ ...details, causeName: "redirected", message, fix });
  }
  const type = headers.get("content-type")?.split(";")[0]?.slice(0, 60) ?? "no content type";
  const message = `Cannot use the response to ${call} because it is not from Ferry: status ${status}, ${type}`;
  const fix = "Check that the URL is the app's, and that no proxy responds in its place";
  return new FerryError({ ...details, causeName: "not-ferry", message, fix });
}

/** Builds the error of a call that got no response, or whose response broke off. */
export function networkError(call: string, cause: unknown, address: Address): FerryError {
  const { reason, ...details } = classifyNetworkError(cause, address);
  const message = `Cannot call ${call} because ${reason}`;
  return new FerryError({ ...details, kind: "network", message, cause });
}

export function timeoutError(call: string, ms: number): FerryError {
  const message = `Cannot call ${call} because there was no response within ${ms / 1_000} s`;
  const fix = "Try again, or allow more time";
  return new FerryError({ kind: "timeout", causeName: "timeout", message, fix });
}

export function usageError(message: string, fix?: string): FerryError {
  return new FerryError({
    kind: "usage",
    causeName: "usage",
    message,
    ...(fix === undefined ? {} : { fix }),
  });
}

/** Reads a Retry-After in seconds; a date is ignored. */
function readSeconds(text: string | null): number | null {
  return text !== null && /^\d{1,6}$/.test(text.trim()) ? Number(text) : null;
}

type Problem = {
  type: string;
  title: string;
  detail: string;
  fix: string | null;
  errors: readonly FieldProblem[];
};

function readProblem(body: unknown): Problem | null {
  const { type, title, detail, fix, errors } = Object(body) as Record<string, unknown>;
  if (typeof type !== "string" || typeof title !== "string" || typeof detail !== "string") {
    return null;
  }
  const isField = (each: unknown): each is FieldProblem => {
    const { pointer, message } = Object(each) as Record<string, unknown>;
    return typeof pointer === "string" && typeof message === "string";
  };
  return {
    type,
    title,
    detail,
    fix: typeof fix === "string" ? fix : null,
    errors: Array.isArray(errors) ? errors.filter(isField) : [],
  };
}
