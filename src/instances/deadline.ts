/** Work did not finish in time. It continues, so it may still have an effect. */
export class DeadlineError extends Error {
  override name = "DeadlineError" as const;

  constructor(ms: number) {
    super(`The app's task hub or its ledger did not respond within ${ms / 1_000} s`);
  }
}

/** Resolves as `work` does, or rejects with `DeadlineError` after `ms`. */
export async function withDeadline<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(ms)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
