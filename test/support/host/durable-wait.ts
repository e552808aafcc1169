import type { Task } from "durable-functions";
import { hours, type Orchestrator, seconds } from "./durable-app.ts";

/** Result of the activities of `waitForCopy`. */
export type ReadResult = { state: "pending" | "success" | "aborted" };

/**
 * Waits for a pending copy, as an app should wait for a timer together with events: new waits for
 * every race, which are kept and drained, the losing timer canceled, every path through an activity.
 * Returns the last result, and whether an abort was requested.
 */
export const waitForCopy: Orchestrator = function* (context) {
  const { df } = context;
  const open: Record<"abort" | "wake", Task[]> = { abort: [], wake: [] };
  const take = (name: "abort" | "wake") => {
    let isRaised = false;
    while (open[name].at(-1)?.isCompleted === true) {
      open[name].pop();
      isRaised = true;
    }
    return isRaised;
  };
  const race = function* (due: Date): Generator<Task, void, Task> {
    const timer = df.createTimer(due);
    const abort = df.waitForExternalEvent("abort");
    const wake = df.waitForExternalEvent("wake");
    open.abort.push(abort);
    open.wake.push(wake);
    const first = yield df.Task.any([abort, wake, timer]);
    if (first !== timer) timer.cancel();
  };

  yield df.callActivity("prepare", {});
  // Racing an already-due timer drains an abort that arrived during prepare.
  yield* race(df.currentUtcDateTime);
  if (take("abort")) return { state: "aborted", abortAsked: true, reads: 0 };
  take("wake");
  yield df.callActivity("start", {});
  let abortAsked = false;
  for (let reads = 1; ; reads++) {
    let abort = take("abort");
    if (!abort && !take("wake")) {
      // A timer fires up to a second early.
      yield* race(new Date(nextHour(df.currentUtcDateTime).getTime() + seconds(1)));
      abort = take("abort");
      take("wake");
    }
    if (abort && !abortAsked) {
      abortAsked = true;
      yield df.callActivity("abort", {});
    }
    const { state }: ReadResult = yield df.callActivity("read", {});
    df.setCustomStatus({ state, reads });
    if (state !== "pending") return { state, abortAsked, reads };
  }
};

/** Reads are at whole hours, so an additional wake does not shift later ones. */
function nextHour(now: Date): Date {
  return new Date((Math.floor(now.getTime() / hours(1)) + 1) * hours(1));
}
