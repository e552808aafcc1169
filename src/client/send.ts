import {
  FerryError,
  errorOfResponse,
  foreignResponse,
  networkError,
  timeoutError,
  usageError,
} from "./ferry-error.ts";
import type { Runtime } from "./runtime.ts";

/** The URL of the API, and the settings of its calls. */
export type Transport = {
  /** The URL of the API, without a slash at its end: `https://example.azurewebsites.net/api`. */
  base: string;
  /** The name that messages use for the setting with the URL. */
  urlName: string;
  key: string | null;
  fetch: typeof globalThis.fetch;
  signal: AbortSignal | undefined;
  /** The time limit for a response (ms), in addition to the time for which it is held. */
  timeoutMs: number;
  /** Reports a failed attempt that will be repeated after `delayMs`. */
  onRetry: (error: FerryError, delayMs: number) => void;
  runtime: Runtime;
};

export type Call = {
  method: "GET" | "POST" | "DELETE";
  /** Below the base, such as `/copies`. */
  path: string;
  query?: Readonly<Record<string, string | number | undefined>>;
  headers?: Readonly<Record<string, string | undefined>>;
  body?: unknown;
  /** How long the app may hold the response (seconds). */
  wait?: number | undefined;
  signal?: AbortSignal | undefined;
  /** The maximum number of times that the call is sent. */
  maxAttempts?: number;
};

export type Reply = { response: Response; body: unknown };

const defaultMaxAttempts = 4;
/** The average pause before the second attempt (ms); each further pause is twice as long. */
const firstPauseMs = 500;
const maxPauseMs = 30_000;
/** The client does not wait for a longer Retry-After (seconds). */
const maxRetryAfter = 60;

/**
 * Sends a call, and repeats it after transient failures. All calls of the API may be repeated: a start and a retry
 * have an Idempotency-Key. A response other than a success or 304 is an error.
 */
export async function send(transport: Transport, call: Call): Promise<Reply> {
  const { runtime, onRetry } = transport;
  const { maxAttempts = defaultMaxAttempts } = call;
  const signals = [transport.signal, call.signal].filter((signal) => signal !== undefined);
  const signal = signals.length === 0 ? undefined : AbortSignal.any(signals);
  const request = buildRequest(transport, call);
  let mayHaveArrived = false;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await sendOnce(transport, request, signal);
    } catch (error) {
      if (!(error instanceof FerryError)) throw error;
      error.mayHaveArrived ||= mayHaveArrived;
      ({ mayHaveArrived } = error);
      if (attempt >= maxAttempts || !isTransient(error)) {
        throw error;
      }
      const backOff = Math.min(maxPauseMs, firstPauseMs * 2 ** (attempt - 1));
      const delayMs =
        error.retryAfter === null
          ? Math.round(backOff * (0.5 + runtime.random()))
          : error.retryAfter * 1_000;
      onRetry(error, delayMs);
      await runtime.pause(delayMs, signal);
    }
  }
}

type BuiltRequest = { url: string; name: string; init: RequestInit; timeoutMs: number };

function buildRequest({ base, key, timeoutMs }: Transport, call: Call): BuiltRequest {
  const { method, path, query = {}, body, wait } = call;
  const headers = new Headers({ accept: "application/json" });
  const set = (name: string, value: string) => {
    try {
      headers.set(name, value);
    } catch {
      // The error of Headers contains the value.
      throw usageError(`Cannot send the header ${name} because its value has invalid characters`);
    }
  };
  if (body !== undefined) set("content-type", "application/json");
  if (wait !== undefined) set("prefer", `wait=${wait}`);
  if (key !== null) set("x-functions-key", key);
  for (const [name, value] of Object.entries(call.headers ?? {})) {
    if (value !== undefined) set(name, value);
  }
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, String(value));
  }
  return {
    url: `${base}${path}${search.size === 0 ? "" : `?${search.toString()}`}`,
    name: `${method} ${base}${path}`,
    init: {
      method,
      headers,
      // A redirect could lead to another origin, which must not get the key.
      redirect: "manual",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    },
    timeoutMs: timeoutMs + (wait ?? 0) * 1_000,
  };
}

async function sendOnce(
  { base, urlName, fetch, runtime }: Transport,
  { url, name, init, timeoutMs }: BuiltRequest,
  signal: AbortSignal | undefined,
): Promise<Reply> {
  const timeout = runtime.timeout(timeoutMs);
  const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { ...init, signal: either });
    text = await response.text();
  } catch (error) {
    signal?.throwIfAborted();
    throw timeout.aborted
      ? timeoutError(name, timeoutMs)
      : networkError(name, error, { base, urlName });
  }
  const body = parseJson(text);
  if (response.status === 304) return { response, body };
  const failed = { response, body, call: name };
  if (!response.ok) throw errorOfResponse(failed);
  if (response.status !== 204 && body === undefined) throw foreignResponse(failed);
  return { response, body };
}

/** Undefined if the text is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Whether another attempt may succeed. A 503 without Retry-After is permanent: the settings are wrong. */
function isTransient({ kind, causeName, status, retryAfter }: FerryError): boolean {
  if (kind === "network" || kind === "timeout") return causeName === kind;
  if (retryAfter !== null && retryAfter > maxRetryAfter) return false;
  if (status === 503) return retryAfter !== null;
  return status === 429 || status === 502 || status === 504;
}
