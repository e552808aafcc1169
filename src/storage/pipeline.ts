/**
 * One immediate retry inside the SDKs bridges a broken connection; longer waits belong to durable
 * timers, which survive the app and cost nothing.
 */
export const pipeline = { retryOptions: { maxTries: 2, tryTimeoutInMs: 15_000 } };

/** A start is sent once: an answer to a second try would say nothing about the first. */
export const once = { retryOptions: { maxTries: 1 } };
