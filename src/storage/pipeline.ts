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

/**
 * Returns a function that adds the time-out to a pipeline of the SDK, and keeps the pipeline for the same credential and
 * options. A pipeline has a dozen policies, and one with a token credential also caches the token.
 */
export function keptPipelines<
  Credential extends object,
  Options extends object,
  P extends { factories: RequestPolicyFactory[] },
>(create: (credential: Credential, options: Options) => P) {
  const kept = new WeakMap<Credential, WeakMap<Options, P>>();
  return (credential: Credential, options: Options): P => {
    const ofCredential = kept.get(credential) ?? new WeakMap<Options, P>();
    kept.set(credential, ofCredential);
    const calls = ofCredential.get(options) ?? bounded(create(credential, options));
    ofCredential.set(options, calls);
    return calls;
  };
}
