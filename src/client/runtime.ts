/** Time and randomness, which tests replace. */
export type Runtime = {
  /** Resolves after this time (ms); rejects with the signal's reason when it is aborted. */
  pause(ms: number, signal: AbortSignal | undefined): Promise<void>;
  /** A signal that is aborted after this time (ms). */
  timeout(ms: number): AbortSignal;
  /** From 0 up to, but not including, 1. */
  random(): number;
  /** A random Idempotency-Key. */
  newKey(): string;
};

export const systemRuntime: Runtime = {
  pause: (ms, signal) =>
    new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", end);
        resolve();
      }, ms);
      signal?.addEventListener("abort", end, { once: true });
      if (signal?.aborted === true) end();
    }),
  timeout: (ms) => AbortSignal.timeout(ms),
  random: () => Math.random(),
  // crypto.randomUUID does not exist on pages that were loaded over http from another machine.
  newKey: () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
      byte.toString(16).padStart(2, "0"),
    ).join(""),
};
