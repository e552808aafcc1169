import { createFerry } from "../../../src/client/ferry.ts";
import type { Copy, Ferry, FerryError, FerryOptions } from "../../../src/client/ferry.ts";
import type { Runtime } from "../../../src/client/runtime.ts";

export type Sent = { method: string; url: string; headers: Headers; body: unknown };

/** A response, an error that fetch throws, or a function that gets the signal of the call. */
export type Step = Response | Error | ((signal: AbortSignal) => Promise<Response>);

export const id = "01a1fb9f-20ed-74d5-ab99-256a8184e096";

export type ScriptedFerry = {
  ferry: Ferry;
  sent: Sent[];
  /** ms */
  pauses: number[];
  /** The causes of failures after which a call was repeated. */
  retries: string[];
  /** How long each call may take (ms). */
  timeouts: number[];
  /** Ends the time of the latest call. */
  elapse(): void;
};

/** A client with the responses that it gets, without a network. Pauses take no time. */
export function scriptedFerry(
  steps: readonly Step[],
  options: Partial<FerryOptions> = {},
): ScriptedFerry {
  const left = [...steps];
  const sent: Sent[] = [];
  const pauses: number[] = [];
  const retries: string[] = [];
  const timeouts: number[] = [];
  const fetch: typeof globalThis.fetch = async (input, init = {}) => {
    const { method = "GET", headers, body } = init;
    const url = input instanceof Request ? input.url : String(input);
    const content = typeof body === "string" ? (JSON.parse(body) as unknown) : undefined;
    sent.push({ method, url, headers: new Headers(headers), body: content });
    const step = left.shift();
    if (step === undefined) throw new Error(`there is no response to ${method} ${url}`);
    if (step instanceof Error) throw step;
    if (typeof step !== "function") return step;
    if (!(init.signal instanceof AbortSignal)) throw new Error("the call has no signal");
    return await step(init.signal);
  };
  let keys = 0;
  let latest = new AbortController();
  const runtime: Runtime = {
    async pause(ms, signal) {
      pauses.push(ms);
      signal?.throwIfAborted();
    },
    timeout(ms) {
      timeouts.push(ms);
      latest = new AbortController();
      return latest.signal;
    },
    random: () => 0.5,
    newKey: () => `key-${++keys}`,
  };
  const onRetry = (error: FerryError) => void retries.push(error.causeName);
  const url = "http://127.0.0.1:7071";
  const ferry = createFerry({ url, fetch, onRetry, ...options }, runtime);
  const elapse = () => latest.abort(new DOMException("elapsed", "TimeoutError"));
  return { ferry, sent, pauses, retries, timeouts, elapse };
}

export function json(
  body: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json(body, { status, headers });
}

export function problem(
  type: string,
  status: number,
  { headers, ...more }: { headers?: Record<string, string>; detail?: string; errors?: object } = {},
): Response {
  const body = { type: `urn:ferry:problem:${type}`, title: "Title", detail: "Detail", ...more };
  return new Response(JSON.stringify({ ...body, status }), {
    status,
    headers: { "content-type": "application/problem+json", ...headers },
  });
}

/** The fields of a copy that the client reads. */
export function copy(status: Copy["status"], more: Partial<Copy> = {}): Partial<Copy> {
  return { id, status, ...more };
}
