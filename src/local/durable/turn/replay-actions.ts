import { day } from "../../durations.ts";
import type { Action, RetryOptions } from "./actions.ts";
import { createDecisions, type Decisions, NonDeterminismError } from "./task-ids.ts";
import { type EventRaised, eventTypes, type HistoryEvent } from "../history/history.ts";
import { findName } from "./function-names.ts";
import { allOf, anyOf, type Pending, pending, type Settle } from "./pending.ts";

/** The result of replaying a list of actions against a history. */
export type Replay = {
  decisions: Decisions;
  /** Whether the instance is suspended at the end of the history. */
  suspended: boolean;
  /** The name of an activity that the app does not have. Calling it fails without an id, and the failure is ignored. */
  unknownActivity: string | null;
  /** The action that the replay waits for; null at the end of the list. */
  waitingFor: Action | null;
  continueAsNew: { input: unknown } | null;
  /** Events that arrived after continueAsNew; the next generation starts with them. */
  carriedOver: readonly EventRaised[];
  /** Events that no action waited for; continueAsNew loses them. */
  buffered: readonly EventRaised[];
  /** Why the history contradicts the actions, as text; null if it does not. */
  contradiction: string | null;
  /** The name of the activity that reached its `retryTimeout`. */
  timedOutRetry: string | null;
  /** Whether a timer of several hops was canceled. */
  canceledLongTimer: boolean;
};

/** Longer timers are chained in hops with the Azure Storage backend (AzureStorageDurabilityProvider.cs). */
export const maxTimerMs = 6 * day;
export const timerHopMs = 3 * day;

/**
 * Replays an orchestrator's actions as the extension does (OutOfProcOrchestrationShim.cs, ReplayPatchV1): it calls and
 * awaits one action after the other, whether it succeeds or fails, while the framework applies the history in order
 * (TaskOrchestrationExecutor.cs). The first action runs inside ExecutionStarted, every other action inside the event
 * that completed the previous one.
 *
 * `asLibrary` replays with the JavaScript library's rules instead: a canceled timer stays open, `all` fails with its
 * first failure, and event names are case-sensitive. `activities` are the names of the app's activities.
 */
export function replay(
  actions: readonly Action[],
  history: readonly HistoryEvent[],
  { asLibrary, activities }: { asLibrary: boolean; activities: readonly string[] },
): Replay {
  const decisions = createDecisions();
  const events = createEventQueues({ caseSensitive: asLibrary });
  const carriedOver: EventRaised[] = [];
  let now = 0;
  let continueAsNew: Replay["continueAsNew"] = null;
  let waitingFor: Action | null = null;
  let timedOutRetry: string | null = null;
  let canceledLongTimer = false;
  let suspended = false;
  let unknownActivity: string | null = null;
  const whileSuspended: HistoryEvent[] = [];

  const begin = (action: Action): Pending => {
    switch (action.kind) {
      case "activity":
        if (findName(activities, action.name) === undefined) {
          unknownActivity ??= action.name;
          return settledTask("failed");
        }
        return action.retry === null
          ? decisions.callActivity(action.name, action.input)
          : callWithRetry(action, action.retry);
      case "timer":
        return createTimer(action.fireAt, action.canceled);
      case "event":
        return events.wait(action.name);
      case "any":
        return anyOf(action.children.map(begin));
      case "all":
        return allOf(action.children.map(begin), asLibrary);
      case "continueAsNew":
        continueAsNew = { input: action.input };
        return settledTask("succeeded");
      case "unsupported":
        return settledTask("succeeded");
    }
  };

  /**
   * DurableOrchestrationContext.CreateTimer. A timer of at most six days ends when its message arrives, even if that is
   * early. A longer one continues hop by hop until its time has come or it is canceled.
   */
  const createTimer = (fireAt: number, canceled: boolean): Pending => {
    const { task, settle } = pending();
    const isLong = fireAt - now > maxTimerMs;
    const hop = (hopAt: number) => {
      const timer = decisions.createTimer(hopAt);
      timer.task.whenSettled(() => {
        if (timer.task.failed()) settle("failed");
        else if (isLong && now < fireAt) hop(Math.min(fireAt, now + timerHopMs));
        else settle("succeeded");
      });
      if (!canceled) return;
      if (isLong) canceledLongTimer = true;
      if (!asLibrary) timer.cancel();
    };
    hop(isLong ? now + timerHopMs : fireAt);
    return task;
  };

  /** RetryInterceptor.cs: a timer follows every failed attempt; a timer without delay follows the last one. */
  const callWithRetry = (
    { name, input }: { name: string; input: unknown },
    options: RetryOptions,
  ): Pending => {
    const { task, settle } = pending();
    const firstAttempt = now;
    const attempt = (number: number) => {
      const call = decisions.callActivity(name, input);
      call.whenSettled(() => {
        if (!call.failed()) return settle("succeeded");
        if (!asLibrary && now >= firstAttempt + options.retryTimeoutMs) {
          timedOutRetry = name;
          return settle("failed");
        }
        const last = number >= options.maxNumberOfAttempts;
        const pause = decisions.createTimer(last ? now : now + retryDelay(number, options));
        return pause.task.whenSettled(() => (last ? settle("failed") : attempt(number + 1)));
      });
    };
    attempt(1);
    return task;
  };

  const next = (index: number): void => {
    for (let at = index; at < actions.length; at++) {
      const action = actions[at];
      if (action === undefined) return;
      const task = begin(action);
      if (!task.settled()) {
        waitingFor = action;
        task.whenSettled(() => next(at + 1));
        return;
      }
    }
    waitingFor = null;
  };

  const feed = (event: HistoryEvent): void => {
    if (event.EventType === eventTypes.OrchestratorStarted) {
      now = Date.parse(event.Timestamp);
    } else if (event.EventType === eventTypes.ExecutionResumed) {
      suspended = false;
      decisions.resume();
      for (const held of whileSuspended.splice(0)) feed(held);
    } else if (event.EventType === eventTypes.ExecutionSuspended) {
      suspended = true;
      decisions.suspend();
    } else if (suspended) {
      whileSuspended.push(event);
    } else if (event.EventType === eventTypes.ExecutionStarted) {
      next(0);
    } else if (event.EventType === eventTypes.EventRaised) {
      if (continueAsNew === null) events.raise(event);
      else carriedOver.push(event);
    } else {
      decisions.apply(event);
    }
  };

  let contradiction: string | null = null;
  try {
    for (const event of history) feed(event);
  } catch (error) {
    if (!(error instanceof NonDeterminismError)) throw error;
    contradiction = error.message;
  }
  return {
    decisions,
    suspended,
    unknownActivity,
    waitingFor,
    continueAsNew,
    carriedOver,
    buffered: events.buffered(),
    contradiction,
    timedOutRetry,
    canceledLongTimer,
  };
}

/** Returns the delay after a failed attempt (counted from 1), in ms. */
function retryDelay(attempt: number, options: RetryOptions): number {
  const delay = options.firstRetryIntervalMs * options.backoffCoefficient ** (attempt - 1);
  return Math.min(delay, options.maxRetryIntervalMs);
}

function settledTask(outcome: "succeeded" | "failed"): Pending {
  const { task, settle } = pending();
  settle(outcome);
  return task;
}

/**
 * External events, as in DurableOrchestrationContext.cs: the newest waiter receives an event first, events without a
 * waiter are queued, and names are case-insensitive (unless `caseSensitive`).
 */
function createEventQueues({ caseSensitive }: { caseSensitive: boolean }) {
  const keyOf = (name: string) => (caseSensitive ? name : name.toLowerCase());
  const waiters = new Map<string, Settle[]>();
  const queues = new Map<string, EventRaised[]>();
  return {
    wait(name: string): Pending {
      if (getQueue(queues, keyOf(name)).shift() !== undefined) return settledTask("succeeded");
      const { task, settle } = pending();
      getQueue(waiters, keyOf(name)).push(settle);
      return task;
    },
    raise(event: EventRaised): void {
      const settle = getQueue(waiters, keyOf(event.Name)).pop();
      if (settle === undefined) getQueue(queues, keyOf(event.Name)).push(event);
      else settle("succeeded");
    },
    buffered: () => [...queues.values()].flat(),
  };
}

function getQueue<T>(queues: Map<string, T[]>, key: string): T[] {
  const queue = queues.get(key) ?? [];
  queues.set(key, queue);
  return queue;
}
