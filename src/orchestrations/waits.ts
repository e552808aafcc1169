import type { OrchestrationContext, Task } from "durable-functions";
import { day, second } from "../copy/durations.ts";
import { fullAllowance, spendWake } from "../copy/polling/wake-allowance.ts";
import { earliest, plusMs, toDate } from "../copy/time.ts";
import type { EpochMs } from "../copy/time.ts";
import { events } from "../names.ts";

type EventName = (typeof events)[keyof typeof events];

/** The events that have arrived: one, both, or neither if the timer has fired. */
export type ArrivedEvents = { abort: boolean; wake: Wake | null };

/** One wake or several; `etags`: the (bare) ETags of the events that caused them. */
export type Wake = { etags: readonly string[] };

/**
 * The time to create a timer for, so that it does not fire before `due` (epoch ms). The extension hides a timer's
 * message for whole seconds, rounded down ("GetVisibilityDelay" of DurableTask.AzureStorage), so a timer fires up to a
 * second early. A timer that is due now, which only returns events that have arrived, stays unchanged. No timer exceeds
 * a day (see below).
 */
export function timerFor(due: EpochMs, now: EpochMs): EpochMs {
  return due > now ? earliest(plusMs(due, second), plusMs(now, day)) : due;
}

export type Waits = {
  /** Waits until `due` (epoch ms, at most a day ahead) or until an event arrives. */
  until(due: EpochMs): Generator<Task, ArrivedEvents, unknown>;
  /** Returns true if an event has woken the copy, so that its destination has a wake mark. */
  wasWoken(): boolean;
};

/**
 * Races timers against external events without losing an event, whenever it arrives. Every race gets new waits. They
 * are kept on a stack per event name, which is drained from the newest before the next race.
 *
 * Reasons: a wait exists only after it was yielded. A wait that is yielded twice leaves a stale copy in the SDK that
 * consumes a later event. So does a wait that was dropped, because both the SDK and the extension pass an event to the
 * newest waiter. Every losing timer is canceled, because an open timer keeps the instance Running. No timer exceeds
 * a day, because after canceling one of more than six days the SDK and the extension disagree on task ids.
 *
 * `countTimer` is called for each timer.
 */
export function createWaits(
  context: OrchestrationContext,
  now: () => EpochMs,
  countTimer: () => void,
): Waits {
  const open: Record<EventName, Task[]> = { [events.abort]: [], [events.wake]: [] };
  let aborted = false;
  let woken = false;
  // Every raised event adds history events, even if it is ignored, so the code that raises wakes has the same limit.
  let allowance = fullAllowance(now());

  const take = (name: EventName): unknown[] => {
    const data: unknown[] = [];
    for (let wait = open[name].at(-1); wait?.isCompleted === true; wait = open[name].at(-1)) {
      open[name].pop();
      data.push(wait.result);
    }
    return data;
  };
  const arrived = (): ArrivedEvents => {
    const abort = take(events.abort).length > 0;
    const wakes = take(events.wake);
    woken ||= wakes.length > 0;
    const isIgnored = wakes.length === 0 || spendWake(allowance, now()) === null;
    return { abort, wake: isIgnored ? null : { etags: wakes.flatMap(readEtag) } };
  };
  const listen = (name: EventName): Task => {
    const wait = context.df.waitForExternalEvent(name);
    open[name].push(wait);
    return wait;
  };

  return {
    wasWoken: () => woken,
    *until(due) {
      let seen = arrived();
      if (!seen.abort && seen.wake === null) {
        countTimer();
        const timer = context.df.createTimer(toDate(timerFor(due, now())));
        const waits = [
          ...(aborted ? [] : [listen(events.abort)]), // only one abort is needed
          ...(spendWake(allowance, now()) === null ? [] : [listen(events.wake)]),
        ];
        const first = yield context.df.Task.any([...waits, timer]);
        if (first !== timer) timer.cancel();
        seen = arrived();
      }
      aborted ||= seen.abort;
      if (seen.wake !== null) allowance = spendWake(allowance, now()) ?? allowance;
      return seen;
    },
  };
}

/** The form that events and stored ETags have. */
const maxEtagLength = 256;

/** Reads the ETag of a wake's data, which is `WakeData` if an event caused it. */
function readEtag(data: unknown): string[] {
  const isObject = typeof data === "object" && data !== null;
  const etag = isObject && "etag" in data ? data.etag : null;
  return typeof etag === "string" && etag.length <= maxEtagLength ? [etag] : [];
}
