import { createFerry, FerryError } from "../../../client/ferry.ts";
import type { Ferry } from "../../../client/ferry.ts";
import type { Connection, PageState } from "../state/page-state.ts";
import type { Store } from "../state/store.ts";

/** The connection to the app. Only this object has the key. */
export type Session = {
  ferry(): Ferry;
  useKey(key: string): void;
  /** The seconds that the last response with this copy or job asked to wait, or null. */
  retryAfter(id: string): number | null;
  /** Runs a call, and notes the state of the connection afterwards. Rejects with the error of the call. */
  watch<Result>(call: (ferry: Ferry) => Promise<Result>): Promise<Result>;
  /** Aborts all calls. */
  close(): void;
};

export type Environment = {
  /** The folder of the page, which is that of the API. */
  baseUrl: string;
  fetch: typeof fetch;
  /** Epoch ms. */
  now(): number;
};

export function openSession(store: Store<PageState>, environment: Environment): Session {
  const { baseUrl, now } = environment;
  const waits = new Map<string, number>();
  const ended = new AbortController();
  let key: string | undefined;
  let isChallenged = false;
  let ferry = connect();

  /**
   * Notes Retry-After, which is not part of a copy, and whether a 401 is from App Service: a 401 from the
   * host has no challenge.
   */
  const noting: typeof fetch = async (input, init) => {
    const response = await environment.fetch(input, init);
    if (response.status === 401) isChallenged = response.headers.has("www-authenticate");
    const [, id] =
      /\/(?:copies|jobs)\/([\w-]+)$/.exec(new URL(response.url || baseUrl).pathname) ?? [];
    const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
    if (id !== undefined && Number.isFinite(seconds)) waits.set(id, seconds);
    return response;
  };

  function connect(): Ferry {
    return createFerry({
      url: baseUrl,
      key,
      fetch: (input, init) => noting(input, init),
      signal: ended.signal,
      onRetry: (error) => store.set({ connection: connectionOf(error) }),
    });
  }

  return {
    ferry: () => ferry,
    useKey(given) {
      key = given;
      ferry = connect();
    },
    retryAfter: (id) => waits.get(id) ?? null,
    async watch(call) {
      try {
        const result = await call(ferry);
        store.set({ connection: { kind: "live" }, updatedAt: now() });
        return result;
      } catch (error) {
        if (!(error instanceof FerryError)) throw error;
        const isAnswer = error.kind === "problem" && error.status !== 401 && error.status !== 503;
        const connection = isAnswer ? ({ kind: "live" } as const) : await explain(error);
        store.set({ connection, ...(isAnswer ? { updatedAt: now() } : {}) });
        throw error;
      }
    },
    close: () => ended.abort(),
  };

  /** An app whose settings are wrong has no function except health, so the list is not found. */
  async function explain(error: FerryError): Promise<Connection> {
    if (error.status !== 404) return connectionOf(error);
    try {
      await ferry.health();
    } catch (problem) {
      if (problem instanceof FerryError) return connectionOf(problem);
    }
    return connectionOf(error);
  }

  function connectionOf({ causeName, message, fix }: FerryError): Connection {
    switch (causeName) {
      case "sign-in-required":
      case "redirected": // App Service may redirect to the sign-in instead of responding with 401
        return { kind: "sign-in" };
      case "key-rejected":
        return isChallenged ? { kind: "sign-in" } : { kind: "key", isRejected: key !== undefined };
      case "settings":
        return { kind: "settings", message };
      default:
        return { kind: "lost", message, fix };
    }
  }
}
