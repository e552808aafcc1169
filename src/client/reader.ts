import type { Runtime } from "./runtime.ts";
import type { Call, Reply } from "./send.ts";

/** Reads copies, or jobs. */
export type Reader<View> = {
  read(id: string, options?: ReadOptions): Promise<{ view: View; response: Response }>;
  /** The ETag of a view that this reader has returned, or null. */
  etag(view: View): string | null;
  /** Reads until the view is at rest. `onUpdate` gets each state that differs from the one before. */
  wait(id: string, options?: WaitOptions<View>): Promise<View>;
};

export type ReadOptions = {
  /** How long the app may hold the response (seconds). */
  wait?: number | undefined;
  etag?: string | undefined;
  signal?: AbortSignal | undefined;
  maxAttempts?: number;
};

export type WaitOptions<View> = {
  onUpdate?: (view: View) => void;
  signal?: AbortSignal | undefined;
};

type ReaderOptions<View> = {
  /** Returns the path of the view with this id. */
  path(id: string): string;
  /** Whether the view cannot change until a caller changes it. */
  isAtRest(view: View): boolean;
  runtime: Runtime;
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

export function createReader<View extends { id: string }>(
  call: (of: Call, field: string) => Promise<Reply>,
  { path, isAtRest, runtime }: ReaderOptions<View>,
): Reader<View> {
  const known = createMemory<View>();

  /** The fields were compared with the document of the API by the app's own tests. */
  async function read(
    id: string,
    { wait, etag, signal, maxAttempts }: ReadOptions = {},
  ): Promise<{ view: View; response: Response }> {
    const before = etag === undefined ? null : known.find(id, etag);
    const headers = before === null ? {} : { "if-none-match": etag };
    const request: Call = { method: "GET", path: path(id), headers, wait, signal };
    const { response, body } = await call(
      { ...request, ...(maxAttempts === undefined ? {} : { maxAttempts }) },
      "status",
    );
    const view = response.status === 304 && before !== null ? before : (body as View);
    known.add(view, response.headers.get("etag"));
    return { view, response };
  }

  return {
    read,
    etag: (view) => known.etag(view),
    async wait(id, { onUpdate, signal } = {}) {
      let last: View | null = null;
      for (let wait = onUpdate === undefined ? maxWait : undefined; ;) {
        const etag = last === null ? undefined : (known.etag(last) ?? undefined);
        const { view, response } = await read(id, {
          wait,
          etag,
          signal,
          maxAttempts: maxAttemptsOfWait,
        });
        if (view !== last) onUpdate?.(view);
        last = view;
        if (isAtRest(view)) return view;
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
  };
}

/** Remembers the ETags of views, and the last state of some, for which the app then responds with 304. */
function createMemory<View extends { id: string }>() {
  const etags = new WeakMap<View, string>();
  const views = new Map<string, View>();
  return {
    etag: (view: View) => etags.get(view) ?? null,
    find(id: string, etag: string): View | null {
      const view = views.get(id);
      return view !== undefined && etags.get(view) === etag ? view : null;
    },
    add(view: View, etag: string | null): void {
      if (etag === null) return;
      etags.set(view, etag);
      views.delete(view.id);
      views.set(view.id, view);
      const [oldest] = views.keys();
      if (views.size > maxRemembered && oldest !== undefined) views.delete(oldest);
    },
  };
}
