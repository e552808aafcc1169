import type { RequestPolicyFactory } from "@azure/storage-blob";

/**
 * The SDKs try nothing again: they would repeat a 503 at once, whatever its Retry-After says. Longer
 * waits belong to durable timers, which survive the app and cost nothing.
 */
export const pipeline = { retryOptions: { maxTries: 1, tryTimeoutInMs: 15_000 } };

/** For starts, which Storage is given longer to answer: it looks at the source first. */
export const once = { retryOptions: { maxTries: 1 } };

/** What a call may take altogether, its answer's body included; ms. */
const maxCallMs = 30_000;

/**
 * Gives up calls that nobody answers any more: `tryTimeoutInMs` is only told to the service, and a
 * connection that died in silence would hold its activity for as long as the host lets it run.
 */
export function bounded<P extends { factories: RequestPolicyFactory[] }>(calls: P): P {
  calls.factories.unshift({
    create: (next) => ({
      sendRequest(request) {
        request.timeout = maxCallMs;
        return next.sendRequest(request);
      },
    }),
  });
  return calls;
}
