import type { RequestPolicyFactory } from "@azure/storage-blob";
import { second } from "../copy/durations.ts";
import type { Destination } from "../copy/location/endpoint.ts";
import { beginStorageCall } from "../telemetry/scope.ts";
import type { CallTarget } from "../telemetry/scope.ts";

/**
 * SDK retries are disabled: they would repeat a 503 immediately, whatever its Retry-After is. Longer waits are
 * durable timers, which survive restarts and cost nothing.
 */
export const pipeline = { retryOptions: { maxTries: 1, tryTimeoutInMs: 15 * second } };

/** For starts, without a server time-out: Storage checks the source before it answers. */
export const singleTry = { retryOptions: { maxTries: 1 } };

/** Limit for a whole call, including the body of its response (ms). */
const maxCallMs = 30 * second;

/**
 * Adds to the pipeline what every call has: a client-side time-out, a span, and the trace's ids as
 * x-ms-client-request-id. `tryTimeoutInMs` is only sent to the service; a connection that died silently would block its
 * activity until the host ends it.
 */
export function observed<P extends { factories: RequestPolicyFactory[] }>(
  calls: P,
  target: CallTarget,
): P {
  calls.factories.unshift({
    create: (next) => ({
      async sendRequest(request) {
        request.timeout = maxCallMs;
        const call = beginStorageCall(target, request.method);
        // Before the call is signed, because a signature includes every x-ms header.
        if (call !== null) request.headers.set("x-ms-client-request-id", call.clientRequestId);
        try {
          const response = await next.sendRequest(request);
          const { status, headers } = response;
          const retryAfter = headers.get("retry-after");
          call?.end({
            status,
            code: headers.get("x-ms-error-code") ?? null,
            retryAfterSeconds: retryAfter === undefined ? null : toSeconds(retryAfter),
          });
          return response;
        } catch (error) {
          call?.end(null);
          throw error;
        }
      },
    }),
  });
  return calls;
}

/** Storage sends seconds; null for a date, which it could send as well. */
function toSeconds(retryAfter: string): number | null {
  return /^\d+$/.test(retryAfter) ? Number(retryAfter) : null;
}

/** The target of a call that a copy needs. */
export function copyTarget({ account, service }: Destination): CallTarget {
  return { purpose: "copy", account, service };
}
