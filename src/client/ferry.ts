import { foreignResponse, usageError } from "./ferry-error.ts";
import type { FerryError } from "./ferry-error.ts";
import { createJobs, deleteOnce } from "./jobs.ts";
import type { Jobs } from "./jobs.ts";
import { readPages } from "./pages.ts";
import { parseBase } from "./parse-base.ts";
import { createReader } from "./reader.ts";
import type { WaitOptions } from "./reader.ts";
import { systemRuntime } from "./runtime.ts";
import type { Runtime } from "./runtime.ts";
import { send } from "./send.ts";
import type { Call, Reply, Transport } from "./send.ts";
import { hasEnded } from "./types.ts";
import type { Copy, CopySummary, Health, ListFilters, Page } from "./types.ts";
import type { PageQuery, Plan, StartRequest, Timeline } from "./types.ts";

export { FerryError } from "./ferry-error.ts";
export type { FerryErrorKind } from "./ferry-error.ts";
export { hasEnded, isJobAtRest } from "./types.ts";
export type { Jobs } from "./jobs.ts";
export type * from "./types.ts";

export type FerryOptions = {
  /** The app's URL, with or without `/api`: `https://example.azurewebsites.net`. */
  url: string;
  /** What messages call the setting with the URL, such as `FERRY_URL`; `the app's URL` if absent. */
  urlName?: string | undefined;
  /** A function key. It is sent only to the origin of `url`, and never shown. */
  key?: string | undefined;
  fetch?: typeof globalThis.fetch | undefined;
  /** Ends all calls of this client. */
  signal?: AbortSignal | undefined;
  /** How long a response may take (ms); one minute if absent. */
  timeoutMs?: number | undefined;
  /** Reports a failed attempt that will be repeated after `delayMs`. */
  onRetry?: ((error: FerryError, delayMs: number) => void) | undefined;
};

type Signal = { signal?: AbortSignal | undefined };
type Keyed = { idempotencyKey?: string | undefined };
/** How long the app may hold the response until the copy has ended (1 to 20 seconds). */
type Wait = { wait?: number | undefined };

export type Ferry = {
  /** Starts a copy. Without an `idempotencyKey` it gets a random one, which makes it safe to repeat the call. */
  start(request: StartRequest, options?: Keyed & Wait & Signal): Promise<Copy>;
  /** Returns what a copy would do, and starts nothing. */
  plan(request: StartRequest, options?: Signal): Promise<Plan>;
  /**
   * Reads a copy. With the `etag` of one that this client has read, it returns the same object if the copy has not
   * changed.
   */
  get(id: string, options?: Wait & { etag?: string | undefined } & Signal): Promise<Copy>;
  /** The ETag of a copy that `get` or `wait` has returned, or null. */
  etag(copy: Copy): string | null;
  /** Reads a copy until it has ended. `onUpdate` gets each state that differs from the one before. */
  wait(id: string, options?: WaitOptions<Copy>): Promise<Copy>;
  /** Requests the abort of a copy, which is `aborting` until Storage has confirmed it. */
  abort(id: string, options?: Signal): Promise<Copy>;
  /** Starts a new copy with the request of one that has ended. */
  retry(id: string, options?: Keyed & Wait & Signal): Promise<Copy>;
  /** Forgets a copy that has ended. What it copied stays. */
  delete(id: string, options?: Signal): Promise<void>;
  timeline(id: string, options?: Signal): Promise<Timeline>;
  /** Reads one page of copies, the newest first. It can be short, or empty with a `nextCursor`. */
  page(query?: PageQuery & Signal): Promise<Page>;
  /** Reads all pages. */
  list(filters?: ListFilters & Signal): AsyncIterable<CopySummary>;
  jobs: Jobs;
  health(options?: Signal): Promise<Health>;
};

/** Creates a client of the app at `url`. `runtime`: time and randomness, which tests replace. */
export function createFerry(options: FerryOptions, runtime: Runtime = systemRuntime): Ferry {
  const transport = createTransport(options, runtime);
  const call = async (of: Call, field: string | null) => {
    const reply = await send(transport, of);
    const hasBody = field !== null && reply.response.status !== 304;
    if (hasBody) expectField(reply, field, of, transport);
    return reply;
  };
  const path = (id: string) => `/copies/${checkId(id, "copy")}`;
  const reader = createReader<Copy>(call, { path, isAtRest: hasEnded, runtime });
  const jobs = createJobs(call, { path: (id) => `/jobs/${checkId(id, "job")}`, runtime });

  return {
    async start(request, { idempotencyKey, wait, signal } = {}) {
      const headers = { "idempotency-key": idempotencyKey ?? runtime.newKey() };
      const body = { ...request, dryRun: undefined };
      const sent: Call = { method: "POST", path: "/copies", headers, body, wait, signal };
      return (await call(sent, "status")).body as Copy;
    },
    async plan(request, { signal } = {}) {
      const body = { ...request, dryRun: true };
      return (await call({ method: "POST", path: "/copies", body, signal }, "reads")).body as Plan;
    },
    get: async (id, options) => (await reader.read(id, options)).view,
    etag: (copy) => reader.etag(copy),
    wait: (id, options) => reader.wait(id, options),
    async abort(id, { signal } = {}) {
      const request: Call = { method: "POST", path: `${path(id)}/abort`, signal };
      return (await call(request, "status")).body as Copy;
    },
    async retry(id, { idempotencyKey, wait, signal } = {}) {
      const headers = { "idempotency-key": idempotencyKey ?? runtime.newKey() };
      const request: Call = { method: "POST", path: `${path(id)}/retry`, headers, wait, signal };
      return (await call(request, "status")).body as Copy;
    },
    async delete(id, { signal } = {}) {
      await deleteOnce(() => call({ method: "DELETE", path: path(id), signal }, null));
    },
    async timeline(id, { signal } = {}) {
      const request: Call = { method: "GET", path: `${path(id)}/timeline`, signal };
      return (await call(request, "entries")).body as Timeline;
    },
    page: readPage,
    list: (filters) => readPages(readPage, filters),
    jobs,
    async health({ signal } = {}) {
      return (await call({ method: "GET", path: "/health", signal }, "status")).body as Health;
    },
  };

  async function readPage({ signal, ...query }: PageQuery & Signal = {}): Promise<Page> {
    return (await call({ method: "GET", path: "/copies", query, signal }, "items")).body as Page;
  }
}

function createTransport(options: FerryOptions, runtime: Runtime): Transport {
  const { url, fetch = globalThis.fetch.bind(globalThis), signal, timeoutMs = 60_000 } = options;
  const { urlName = "the app's URL" } = options;
  const key = options.key?.trim() ?? "";
  if (!/^[\x21-\x7e]*$/.test(key)) {
    throw usageError("Cannot use the key because it has characters that no function key has");
  }
  return {
    base: parseBase(url, urlName),
    urlName,
    key: key === "" ? null : key,
    fetch,
    signal,
    timeoutMs,
    onRetry: options.onRetry ?? (() => {}),
    runtime,
  };
}

/** Returns the id of a copy or a job if it can be a part of a path. */
function checkId(id: string, of: "copy" | "job"): string {
  // "." and ".." would lead to another path, whether they are encoded or not.
  if (!/^[\w-]{1,100}$/.test(id)) {
    throw usageError(`Cannot use the id because it has characters that no id of a ${of} has`);
  }
  return id;
}

/** Another app could respond with JSON too. */
function expectField(
  { response, body }: Reply,
  field: string,
  { method, path }: Call,
  { base }: Transport,
): void {
  if (Object.hasOwn(Object(body), field) && hasNumbers(body)) return;
  throw foreignResponse({ response, body, call: `${method} ${base}${path}` });
}

/** Returns whether the progress of a copy, if there is any, has the numbers that callers compute with. */
function hasNumbers(body: unknown): boolean {
  const { progress } = Object(body) as { progress?: unknown };
  if (progress === undefined || progress === null) return true;
  const numbers = Object(progress) as Record<string, unknown>;
  return ["percent", "bytesCopied", "totalBytes"].every(
    (name) => typeof numbers[name] === "number",
  );
}
