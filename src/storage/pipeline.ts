import type { RequestPolicyFactory } from "@azure/storage-blob";
import { second } from "../copy/durations.ts";

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
 * Adds a client-side time-out to the pipeline. `tryTimeoutInMs` is only sent to the service; a connection that
 * died silently would block its activity until the host ends it.
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
