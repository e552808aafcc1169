import type { Cancel, Clock } from "../../clock.ts";
import { minute } from "../../durations.ts";
import { eventTypes, formatInstant, eventBase, type TimerFired } from "../history/history.ts";
import type { TimerWork } from "./hub-work.ts";
import type { TaskHub } from "./task-hub.ts";

/**
 * Fires due durable timers and releases due delayed activities. There is a single alarm on the clock, for the earliest
 * of them, because the tables are the source of truth and a restart only has to read them.
 */
export type HubTimers = {
  /** Reads the tables again; called after they changed. */
  arm(): void;
  stop(): void;
};

/**
 * Returns the time of the next alarm (epoch ms): at most a minute, or a hundredth of the wait, from now. Timers do not
 * advance while a machine sleeps, so after a sleep the alarm is late by at most that much. The hundredth saves a
 * virtual clock twenty thousand stops in two weeks.
 */
function nextAlarm(due: number, now: number): number {
  return Math.min(due, now + Math.max(minute, Math.ceil((due - now) / 100)));
}

/** Calls `onDue` with the instances and activities that can run now, each time some became due. */
export function createHubTimers(
  hub: TaskHub,
  clock: Clock,
  onDue: (work: { instanceIds: readonly string[]; activities: readonly number[] }) => void,
): HubTimers {
  let alarm: { at: number; cancel: Cancel } | undefined;
  let stopped = false;

  const arm = () => {
    if (stopped || hub.isClosed()) return;
    const due = hub.nextDue();
    const at = due === undefined ? undefined : nextAlarm(due, clock.now());
    if (at !== undefined && alarm !== undefined && alarm.at <= at) return;
    alarm?.cancel();
    alarm = at === undefined ? undefined : { at, cancel: clock.schedule(at, onAlarm) };
  };
  const onAlarm = () => {
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
    onDue(work);
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
