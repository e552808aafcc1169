import { RestError } from "@azure/storage-blob";
import type { RequestPolicyFactory } from "@azure/storage-blob";
import { minute, second } from "../copy/durations.ts";
import type { Destination } from "../copy/location/endpoint.ts";
import { beginStorageCall } from "../telemetry/scope.ts";
import type { CallTarget, StorageResponse } from "../telemetry/scope.ts";

/**
 * SDK retries are disabled: they would repeat a 503 immediately, regardless of its Retry-After. Longer waits are
 * durable timers, which survive restarts and cost nothing.
 */
export const pipeline = { retryOptions: { maxTries: 1, tryTimeoutInMs: 15 * second } };

/** For starts, without a server time-out: Storage checks the source before it responds. */
export const singleTry = { retryOptions: { maxTries: 1 } };

/** The time limit in ms for a whole call, including the body of its response. */
const maxCallMs = 30 * second;

/** The same for Copy Blob From URL, which responds after it has copied up to 256 MiB (ms). As long as a job's run. */
export const maxSyncCopyMs = minute;

/**
 * Adds to the pipeline the parts of every call: a client-side time-out, a span, and the trace's ids as
 * x-ms-client-request-id. `tryTimeoutInMs` is only sent to the service; a connection that died silently would block its
 * activity until the host ends it.
 */
export function observed<P extends { factories: RequestPolicyFactory[] }>(
  calls: P,
  target: CallTarget,
  maxMs = maxCallMs,
): P {
  calls.factories.unshift({
    create: (next) => ({
      async sendRequest(request) {
        request.timeout = maxMs;
        const call = beginStorageCall(target, request.method);
        // Before the call is signed, because a signature includes every x-ms header.
        if (call !== null) request.headers.set("x-ms-client-request-id", call.clientRequestId);
        try {
          const response = await next.sendRequest(request);
          call?.end(toResponse(response));
          return response;
        } catch (error) {
          // A policy that runs later throws responses with an error status.
          call?.end(error instanceof RestError ? toResponse(error.response) : null);
          throw error;
        }
      },
    }),
  });
  return calls;
}

type AnyResponse = { status: number; headers: { get(name: string): string | undefined } };

function toResponse(response: AnyResponse | undefined): StorageResponse | null {
  if (response === undefined) return null;
  const { status, headers } = response;
  const retryAfter = headers.get("retry-after") ?? "";
  return {
    status,
    code: headers.get("x-ms-error-code") ?? null,
    // Storage sends seconds. HTTP also permits a date.
    retryAfterSeconds: /^\d+$/.test(retryAfter) ? Number(retryAfter) : null,
  };
}

/** The target of a call for a copy. */
export function copyTarget({ account, service }: Destination): CallTarget {
  return { purpose: "copy", account, service };
}

/** The number of accounts whose pipelines are kept for each credential; the oldest is dropped first. */
const maxAccounts = 64;

/**
 * Returns a function that caches the result of `create` for each credential and account. A pipeline of the SDK has a
 * dozen policies, and the policy for tokens keeps a token for the tenant of the account.
 */
export function keptPipelines<Credential extends object, E extends { account: string }, P>(
  create: (credential: Credential, endpoint: E) => P,
): (credential: Credential, endpoint: E) => P {
  const kept = new WeakMap<Credential, Map<string, P>>();
  return (credential, endpoint) => {
    const pipelines = kept.get(credential) ?? new Map<string, P>();
    kept.set(credential, pipelines);
    const calls = pipelines.get(endpoint.account) ?? create(credential, endpoint);
    pipelines.set(endpoint.account, calls);
    const [oldest] = pipelines.keys();
    if (pipelines.size > maxAccounts && oldest !== undefined) pipelines.delete(oldest);
    return calls;
  };
}
