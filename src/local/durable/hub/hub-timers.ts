import type { Cancel, Clock } from "../../clock.ts";
import { minute, second } from "../../durations.ts";
import { eventTypes, formatInstant, eventBase, type TimerFired } from "../history/history.ts";
import type { TimerWork } from "./hub-work.ts";
import type { TaskHub } from "./task-hub.ts";

/**
 * Fires durable timers, and takes messages and activities that have become visible. There is a single alarm on the
 * clock, for the earliest of them, because the tables are the source of truth and a restart only has to read them.
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
    try {
      const due = hub.nextDue();
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
        hub.send(timer.instanceId, timer.executionId, createTimerFired(timer));
      }
      const instanceIds = new Set(fired.map(({ instanceId }) => instanceId));
      for (const instanceId of hub.takeVisibleMessages(now)) instanceIds.add(instanceId);
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

/** The framework creates this event together with the timer, so its timestamp is the creation's. */
function createTimerFired({ timerId, createdAt, fireAt }: TimerWork): TimerFired {
  return {
    EventType: eventTypes.TimerFired,
    ...eventBase(createdAt),
    TimerId: timerId,
    FireAt: formatInstant(fireAt),
  };
}

/**
 * Returns when the message of a timer arrives (epoch ms). DTFx hides it for whole seconds, rounded down, counted from a
 * moment after the timer was created (TaskHubQueue.GetVisibilityDelay), and nothing checks `fireAt` when it arrives: a
 * wait of exactly 2 s takes 1 s, and a wait of up to 1 s takes only as long as a message needs through the queue.
 * Without that time, an orchestrator that creates such a timer again and again would stop a virtual clock.
 */
export function timerVisibleAt(fireAt: number, now: number): number {
  if (fireAt <= now) return now;
  const hidden = (Math.ceil((fireAt - now) / second) - 1) * second;
  return Math.min(fireAt, now + Math.max(hidden, queueLatencyMs));
}

/** Measured with Azurite: a turn and its timer took about 55 ms. */
const queueLatencyMs = 50;
