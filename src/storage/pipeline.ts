/**
 * The SDKs try nothing again: they would repeat a 503 at once, whatever its Retry-After says. Longer
 * waits belong to durable timers, which survive the app and cost nothing.
 */
export const pipeline = { retryOptions: { maxTries: 1, tryTimeoutInMs: 15_000 } };

/** For starts, which Storage is given longer to answer: it looks at the source first. */
export const once = { retryOptions: { maxTries: 1 } };
