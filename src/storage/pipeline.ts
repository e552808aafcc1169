import { RestError } from "@azure/storage-blob";
import type { RequestPolicyFactory } from "@azure/storage-blob";
import { minute, second } from "../copy/durations.ts";
import type { Destination } from "../copy/location/endpoint.ts";
import { beginStorageCall } from "../telemetry/scope.ts";
import type { CallTarget, StorageResponse } from "../telemetry/scope.ts";

/**
 * SDK retries are disabled: they would repeat a 503 immediately, whatever its Retry-After is. Longer waits are
 * durable timers, which survive restarts and cost nothing.
 */
export const pipeline = { retryOptions: { maxTries: 1, tryTimeoutInMs: 15 * second } };

/** For starts, without a server time-out: Storage checks the source before it answers. */
export const singleTry = { retryOptions: { maxTries: 1 } };

/** Limit for a whole call, including the body of its response (ms). */
const maxCallMs = 30 * second;

/** The same for Copy Blob From URL, which responds after it has copied up to 256 MiB (ms). */
export const maxSyncCopyMs = 2 * minute;

/**
 * Adds to the pipeline what every call has: a client-side time-out, a span, and the trace's ids as
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
          // A response with an error's status is thrown by a policy that runs later.
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

/** The target of a call that a copy needs. */
export function copyTarget({ account, service }: Destination): CallTarget {
  return { purpose: "copy", account, service };
}

/** How many accounts keep a pipeline, for each credential; the oldest is dropped first. */
const maxAccounts = 64;

/**
 * Returns a function that keeps what `create` builds, one for each credential and account. A pipeline of the SDK has a
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
