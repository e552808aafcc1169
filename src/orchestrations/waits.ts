import type { OrchestrationContext, Task } from "durable-functions";
import { toDate } from "../copy/time.ts";
import { events } from "../names.ts";

type EventName = (typeof events)[keyof typeof events];

/** What arrived while we waited; both can be true, neither means that the time has come. */
export type ArrivedEvents = { abort: boolean; wake: boolean };

export type Waits = {
  /** Waits until `due` (epoch ms, at most a day ahead) or until an event arrives. */
  until(due: number): Generator<Task, ArrivedEvents, unknown>;
};

/**
 * Wakes that are acted on. Every event that is raised costs three history events, heard or not: who
 * raises them must be throttled as well.
 */
const maxWakes = 20;

/**
 * Races timers against external events so that no event is lost, whenever it arrives: fresh waits for
 * every race, kept on a stack per name, drained newest first before the next race.
 *
 * Why so: a wait exists only once it was yielded; a wait yielded twice leaves a stale copy in the SDK
 * that swallows a later event; a wait that was dropped swallows one too, since both the SDK and the
 * extension hand an event to the newest waiter. Every losing timer is cancelled, because an open timer
 * keeps the instance Running, and none exceeds a day, because cancelling one of more than six days
 * makes the SDK and the extension disagree on task ids.
 */
export function createWaits(context: OrchestrationContext): Waits {
  const open: Record<EventName, Task[]> = { [events.abort]: [], [events.wake]: [] };
  let aborted = false;
  let wakes = 0;

  const take = (name: EventName): boolean => {
    let seen = false;
    while (open[name].at(-1)?.isCompleted === true) {
      open[name].pop();
      seen = true;
    }
    return seen;
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
      let now = arrived();
      if (!now.abort && !now.wake) {
        const timer = context.df.createTimer(toDate(due));
        const waits = [
          ...(aborted ? [] : [listen(events.abort)]), // one abort is enough
          ...(wakes < maxWakes ? [listen(events.wake)] : []),
        ];
        const first = yield context.df.Task.any([...waits, timer]);
        if (first !== timer) timer.cancel();
        now = arrived();
      }
      aborted ||= now.abort;
      if (now.wake) wakes++;
      return now;
    },
  };
}
