import { FerryError, foreignResponse, usageError } from "./ferry-error.ts";
import { parseBase } from "./parse-base.ts";
import { systemRuntime } from "./runtime.ts";
import type { Runtime } from "./runtime.ts";
import { send } from "./send.ts";
import type { Call, Reply, Transport } from "./send.ts";
import { hasEnded } from "./types.ts";
import type { Copy, CopySummary, Health, ListFilters, Page } from "./types.ts";
import type { PageQuery, Plan, StartRequest, Timeline } from "./types.ts";

export { FerryError } from "./ferry-error.ts";
export type { FerryErrorKind } from "./ferry-error.ts";
export { hasEnded } from "./types.ts";
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
  wait(id: string, options?: { onUpdate?: (copy: Copy) => void } & Signal): Promise<Copy>;
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
  health(options?: Signal): Promise<Health>;
};

/** How long the app holds a response at most (seconds). */
const maxWait = 20;
/** A wait may take two weeks, in which the app restarts: it bears more failures in a row than other calls. */
const maxAttemptsOfWait = 10;
/** The longest pause between two reads of a wait (seconds), as in the app. */
const maxPause = 60;
/** The pause between two reads of a wait (ms) if the app held the first. */
const heldPauseMs = 100;
const maxRemembered = 500;

/** Creates a client of the app at `url`. `runtime`: time and randomness, which tests replace. */
export function createFerry(options: FerryOptions, runtime: Runtime = systemRuntime): Ferry {
  const transport = createTransport(options, runtime);
  const call = async (of: Call, field: string) => {
    const reply = await send(transport, of);
    if (reply.response.status !== 304) expectField(reply, field, of, transport);
    return reply;
  };
  const known = createMemory();

  /** The fields were compared with the document of the API by the app's own tests. */
  async function read(
    id: string,
    {
      wait,
      etag,
      signal,
      maxAttempts,
    }: Parameters<Ferry["get"]>[1] & { maxAttempts?: number } = {},
  ): Promise<{ copy: Copy; response: Response }> {
    const before = etag === undefined ? null : known.find(id, etag);
    const headers = before === null ? {} : { "if-none-match": etag };
    const request: Call = { method: "GET", path: copyPath(id), headers, wait, signal };
    const { response, body } = await call(
      { ...request, ...(maxAttempts === undefined ? {} : { maxAttempts }) },
      "status",
    );
    const copy = response.status === 304 && before !== null ? before : (body as Copy);
    known.add(copy, response.headers.get("etag"));
    return { copy, response };
  }

  return {
    async start(request, { idempotencyKey, wait, signal } = {}) {
      const headers = { "idempotency-key": idempotencyKey ?? runtime.newKey() };
      const body = { ...request, dryRun: undefined };
      const path = "/copies";
      const reply = await call({ method: "POST", path, headers, body, wait, signal }, "status");
      return reply.body as Copy;
    },
    async plan(request, { signal } = {}) {
      const body = { ...request, dryRun: true };
      return (await call({ method: "POST", path: "/copies", body, signal }, "reads")).body as Plan;
    },
    get: async (id, options) => (await read(id, options)).copy,
    etag: (copy) => known.etag(copy),
    async wait(id, { onUpdate, signal } = {}) {
      let last: Copy | null = null;
      for (let wait = onUpdate === undefined ? maxWait : undefined; ;) {
        const etag = last === null ? undefined : (known.etag(last) ?? undefined);
        const { copy, response } = await read(id, {
          wait,
          etag,
          signal,
          maxAttempts: maxAttemptsOfWait,
        });
        if (copy !== last) onUpdate?.(copy);
        last = copy;
        if (hasEnded(copy)) return copy;
        // The app reads Storage again after this time, so that nothing changes before.
        const retryAfter = Number(response.headers.get("retry-after")) || 1;
        const seconds = Math.min(maxPause, Math.max(1, retryAfter));
        const wasHeld = response.headers.has("preference-applied");
        const isFirst = wait === undefined;
        wait = onUpdate === undefined ? maxWait : Math.min(maxWait, seconds);
        if (isFirst) continue;
        await runtime.pause(wasHeld ? heldPauseMs : seconds * 1_000, signal);
      }
    },
    async abort(id, { signal } = {}) {
      const request: Call = { method: "POST", path: `${copyPath(id)}/abort`, signal };
      return (await call(request, "status")).body as Copy;
    },
    async retry(id, { idempotencyKey, wait, signal } = {}) {
      const headers = { "idempotency-key": idempotencyKey ?? runtime.newKey() };
      const path = `${copyPath(id)}/retry`;
      const reply = await call({ method: "POST", path, headers, wait, signal }, "status");
      return reply.body as Copy;
    },
    async delete(id, { signal } = {}) {
      try {
        await send(transport, { method: "DELETE", path: copyPath(id), signal });
      } catch (error) {
        // An earlier attempt, whose response was lost, has deleted it.
        const isGone = error instanceof FerryError && error.status === 404 && error.mayHaveArrived;
        if (!isGone) throw error;
      }
    },
    async timeline(id, { signal } = {}) {
      const request: Call = { method: "GET", path: `${copyPath(id)}/timeline`, signal };
      return (await call(request, "entries")).body as Timeline;
    },
    page: readPage,
    async *list({ signal, ...filters } = {}) {
      let cursor: string | undefined;
      do {
        const page: Page = await readPage({ ...filters, signal, ...(cursor && { cursor }) });
        yield* page.items;
        if (page.nextCursor !== null && page.nextCursor === cursor) {
          throw new FerryError({
            kind: "foreign",
            causeName: "not-ferry",
            message: "Cannot list more copies because the app returned the same cursor twice",
          });
        }
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
    },
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

function copyPath(id: string): string {
  // "." and ".." would lead to another path, whether they are encoded or not.
  if (!/^[\w-]{1,100}$/.test(id)) {
    throw usageError("Cannot use the id because it has characters that no id of a copy has");
  }
  return `/copies/${id}`;
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

/** Remembers the ETags of copies, and the last state of some, for which the app then responds with 304. */
function createMemory() {
  const etags = new WeakMap<Copy, string>();
  const copies = new Map<string, Copy>();
  return {
    etag: (copy: Copy) => etags.get(copy) ?? null,
    find(id: string, etag: string): Copy | null {
      const copy = copies.get(id);
      return copy !== undefined && etags.get(copy) === etag ? copy : null;
    },
    add(copy: Copy, etag: string | null): void {
      if (etag === null) return;
      etags.set(copy, etag);
      copies.delete(copy.id);
      copies.set(copy.id, copy);
      const [oldest] = copies.keys();
      if (copies.size > maxRemembered && oldest !== undefined) copies.delete(oldest);
    },
  };
}
