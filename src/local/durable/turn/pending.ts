/**
 * An awaitable with synchronous continuations: they run inside `settle`, in order, like .NET continuations on the
 * framework's SynchronousTaskScheduler. Promises would run them later, and tasks would get ids in another order than in
 * Azure.
 */
export type Pending = {
  settled(): boolean;
  failed(): boolean;
  /** Runs `next` when this settles; immediately if it has settled. */
  whenSettled(next: () => void): void;
};

export type Settle = (outcome: "succeeded" | "failed") => void;

/** Creates an awaitable and the function that settles it. Settling it a second time has no effect. */
export function pending(): { task: Pending; settle: Settle } {
  let outcome: "succeeded" | "failed" | undefined;
  const continuations: (() => void)[] = [];
  return {
    task: {
      settled: () => outcome !== undefined,
      failed: () => outcome === "failed",
      whenSettled(next) {
        if (outcome === undefined) continuations.push(next);
        else next();
      },
    },
    settle(result) {
      if (outcome !== undefined) return;
      outcome = result;
      for (const next of continuations.splice(0)) next();
    },
  };
}

/** Settles with the first child, regardless of its outcome, and never fails (Task.WhenAny). */
export function anyOf(children: readonly Pending[]): Pending {
  const { task, settle } = pending();
  for (const child of children) child.whenSettled(() => settle("succeeded"));
  return task;
}

/**
 * Settles when every child has, and fails if one did (Task.WhenAll). With `failFast` it fails with
 * the first failure, as `Task.all` of the JavaScript library does.
 */
export function allOf(children: readonly Pending[], failFast: boolean): Pending {
  const { task, settle } = pending();
  for (const child of children) {
    child.whenSettled(() => {
      if (failFast && child.failed()) settle("failed");
      if (!children.every((each) => each.settled())) return;
      settle(children.some((each) => each.failed()) ? "failed" : "succeeded");
    });
  }
  return task;
}
