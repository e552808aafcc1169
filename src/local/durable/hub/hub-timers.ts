import type { Cancel, Clock } from "../../clock.ts";
import { eventTypes, formatInstant, eventBase, type TimerFired } from "../history/history.ts";
import type { TimerWork } from "./hub-work.ts";
import type { TaskHub } from "./task-hub.ts";

/**
 * Fires what is due in the hub: durable timers, and activities that wait for an instant. One alarm
 * on the clock stands for the earliest of them all, never one for each: the table is the truth, and
 * a restart only has to look at it.
 */
export type HubTimers = {
  /** Looks at the table again, after it changed. */
  arm(): void;
  stop(): void;
};

/**
 * The alarm never looks further ahead than a minute, or a hundredth of the wait: a machine that
 * slept, whose timers count only the time it was awake, is late by that much at most. The hundredth
 * spares a virtual clock twenty thousand stops in two weeks.
 */
function nextAlarm(due: number, now: number): number {
  return Math.min(due, now + Math.max(60_000, Math.ceil((due - now) / 100)));
}

export function createHubTimers(
  hub: TaskHub,
  clock: Clock,
  released: (work: { instanceIds: readonly string[]; activities: readonly number[] }) => void,
): HubTimers {
  let alarm: { at: number; cancel: Cancel } | undefined;
  let stopped = false;

  const arm = () => {
    if (stopped || hub.isClosed()) return;
    const due = hub.nextDue();
    const at = due === undefined ? undefined : nextAlarm(due, clock.now());
    if (at !== undefined && alarm !== undefined && alarm.at <= at) return;
    alarm?.cancel();
    alarm = at === undefined ? undefined : { at, cancel: clock.schedule(at, ring) };
  };
  const ring = () => {
    alarm = undefined;
    if (stopped || hub.isClosed()) return;
    const due = hub.nextDue();
    try {
      if (due !== undefined && due <= clock.now()) fire();
    } catch (error) {
      if (!hub.isClosed()) throw error;
    }
    arm();
  };
  const fire = () => {
    const now = clock.now();
    const work = hub.commit("timer", () => {
      const fired = hub.takeDueTimers(now);
      for (const timer of fired) {
        hub.send(timer.instanceId, timer.executionId, createTimerFired(timer, now));
      }
      const instanceIds = new Set(fired.map(({ instanceId }) => instanceId));
      return { instanceIds: [...instanceIds], activities: hub.releaseDueActivities(now) };
    });
    released(work);
  };

  return {
    arm,
    stop() {
      stopped = true;
      alarm?.cancel();
    },
  };
}

function createTimerFired({ timerId, fireAt }: TimerWork, now: number): TimerFired {
  return {
    EventType: eventTypes.TimerFired,
    ...eventBase(now),
    TimerId: timerId,
    FireAt: formatInstant(fireAt),
  };
}
