import type { OrchestrationContext, Task } from "durable-functions";
import { day, second } from "../copy/durations.ts";
import { earliest, plusMs, toDate } from "../copy/time.ts";
import type { EpochMs } from "../copy/time.ts";
import { events } from "../names.ts";

type EventName = (typeof events)[keyof typeof events];

/** The events that have arrived; both can be true. Neither is true when the timer has fired. */
export type ArrivedEvents = { abort: boolean; wake: boolean };

/**
 * The time to create a timer for, so that it does not fire before `due` (epoch ms). The extension hides a timer's
 * message for whole seconds, rounded down ("GetVisibilityDelay" of DurableTask.AzureStorage), so a timer fires up to a
 * second early. A timer that is due now, which only shows events that have arrived, stays as it is. No timer exceeds a
 * day (see below).
 */
export function timerFor(due: EpochMs, now: EpochMs): EpochMs {
  return due > now ? earliest(plusMs(due, second), plusMs(now, day)) : due;
}

export type Waits = {
  /** Waits until `due` (epoch ms, at most a day ahead) or until an event arrives. */
  until(due: EpochMs): Generator<Task, ArrivedEvents, unknown>;
};

/**
 * How many wakes are acted on. Every raised event adds three history events, even if it is ignored, so the code that
 * raises wakes has the same limit.
 */
const maxWakes = 20;

/**
 * Races timers against external events without losing an event, whenever it arrives. Every race gets new waits. They
 * are kept on a stack per event name, which is drained from the newest before the next race.
 *
 * Reasons: a wait exists only after it was yielded. A wait that is yielded twice leaves a stale copy in the SDK that
 * consumes a later event. So does a wait that was dropped, because both the SDK and the extension pass an event to the
 * newest waiter. Every losing timer is canceled, because an open timer keeps the instance Running. No timer exceeds
 * a day, because after canceling one of more than six days the SDK and the extension disagree on task ids.
 */
export function createWaits(context: OrchestrationContext, now: () => EpochMs): Waits {
  const open: Record<EventName, Task[]> = { [events.abort]: [], [events.wake]: [] };
  let aborted = false;
  let wakes = 0;

  const take = (name: EventName): boolean => {
    let isRaised = false;
    while (open[name].at(-1)?.isCompleted === true) {
      open[name].pop();
      isRaised = true;
    }
    return isRaised;
  };
  const arrived = (): ArrivedEvents => {
    const abort = take(events.abort);
    return { abort, wake: take(events.wake) && wakes < maxWakes };
  };
  const listen = (name: EventName): Task => {
    const wait = context.df.waitForExternalEvent(name);
    open[name].push(wait);
    return wait;
  };

  return {
    *until(due) {
      let seen = arrived();
      if (!seen.abort && !seen.wake) {
        const timer = context.df.createTimer(toDate(timerFor(due, now())));
        const waits = [
          ...(aborted ? [] : [listen(events.abort)]), // only one abort is needed
          ...(wakes < maxWakes ? [listen(events.wake)] : []),
        ];
        const first = yield context.df.Task.any([...waits, timer]);
        if (first !== timer) timer.cancel();
        seen = arrived();
      }
      aborted ||= seen.abort;
      if (seen.wake) wakes++;
      return seen;
    },
  };
}
