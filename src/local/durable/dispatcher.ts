import type { Cancel, Clock } from "../clock.ts";
import { second } from "../durations.ts";
import { runActivity } from "./run-activity.ts";
import type { DurableLogEntry, DurableOptions } from "./api/engine-api.ts";
import { eventTypes, isFinal, type HistoryEvent } from "./history/history.ts";
import type { Instance } from "./hub/hub-instances.ts";
import { type ActivityWork, defaultVisibilityTimeouts, type Message } from "./hub/hub-work.ts";
import type { TaskHub } from "./hub/task-hub.ts";
import { createHubTimers, timerVisibleAt } from "./hub/hub-timers.ts";
import { takeTurn, type TurnOutcome } from "./turn/take-turn.ts";

/** Runs turns of instances and activities, within the concurrency limits. */
export type Dispatcher = {
  /** Signals that an instance has messages, taken or still invisible. */
  wake(instanceId: string): void;
  /** Starts with all work that the hub contains. */
  start(): void;
  /** Starts no more work and waits for running work. */
  stop(): Promise<void>;
};

/** The delay before a retry of work that failed inside the engine, or because the host could not call a function. */
const retryDelayMs = 5 * second;

export function createDispatcher(hub: TaskHub, options: DurableOptions): Dispatcher {
  const { clock, functions, log } = options;
  const failsOnNonDeterminism = options.failsOnNonDeterminism ?? true;
  const { workItemQueueMs } = options.visibilityTimeouts ?? defaultVisibilityTimeouts;
  const ready = new Set<string>();
  const inTurn = new Set<string>();
  const waitingActivities: number[] = [];
  const inFlight = new Set<Promise<void>>();
  let runningActivities = 0;
  let started = false;

  const wake = (instanceId: string) => {
    ready.add(instanceId);
    startReadyWork();
    if (started) timers.arm();
  };
  const timers = createHubTimers(hub, clock, ({ instanceIds, activities }) => {
    for (const instanceId of instanceIds) ready.add(instanceId);
    waitingActivities.push(...activities);
    startReadyWork();
  });

  const startReadyWork = () => {
    if (!started) return;
    for (const instanceId of ready) {
      if (hub.isClosed()) return;
      if (inTurn.size >= options.maxConcurrentOrchestrators) break;
      // An instance runs one turn at a time: it stays ready until its current turn is finished.
      if (!inTurn.has(instanceId)) startTurn(instanceId);
    }
    while (!hub.isClosed() && runningActivities < options.maxConcurrentActivities) {
      const seq = waitingActivities.shift();
      if (seq === undefined) return;
      startActivity(seq);
    }
  };
  const startTurn = (instanceId: string) => {
    ready.delete(instanceId);
    inTurn.add(instanceId);
    startWork(instanceId, runTurn(instanceId), {
      onFinish: () => inTurn.delete(instanceId),
      retry: () => wake(instanceId),
    });
  };
  const startActivity = (seq: number) => {
    const work = hub.activity(seq);
    if (work === undefined) return;
    runningActivities++;
    const letGo = holdActivity(seq);
    startWork(work.instanceId, completeActivity(work), {
      onFinish() {
        runningActivities--;
        letGo();
      },
      retry() {
        waitingActivities.push(seq);
        startReadyWork();
      },
    });
  };
  /** Holds an activity's message, and renews it in time until the returned function is called. */
  const holdActivity = (seq: number): Cancel => {
    let cancel: Cancel = () => {};
    const hold = () => {
      if (hub.isClosed()) return;
      try {
        hub.holdActivity(seq);
      } catch (error) {
        if (!hub.isClosed()) throw error;
        return;
      }
      cancel = clock.schedule(clock.now() + workItemQueueMs / 2, hold);
    };
    hold();
    return () => cancel();
  };
  const startWork = (
    instanceId: string,
    work: Promise<void>,
    { onFinish, retry }: { onFinish: () => void; retry: () => void },
  ) => {
    const runAndRetry = async () => {
      try {
        await work;
      } catch (error) {
        if (hub.isClosed()) return;
        log({
          level: "error",
          instanceId,
          message: `A step failed; the engine retries it in ${retryDelayMs / second} s: ${String(error)}`,
        });
        clock.schedule(clock.now() + retryDelayMs, retry);
      } finally {
        onFinish();
      }
      startReadyWork();
    };
    const run: Promise<void> = runAndRetry().finally(() => inFlight.delete(run));
    inFlight.add(run);
    void clock.track(run);
  };

  const runTurn = async (instanceId: string): Promise<void> => {
    const messages = hub.messages(instanceId);
    if (messages.length === 0) return;
    const instance = hub.instance(instanceId);
    // Completions and timers belong to the execution that scheduled them.
    const arrived = messages
      .filter(({ executionId }) => executionId === null || executionId === instance?.executionId)
      .map(({ event }) => event);
    if (instance === undefined || isFinal(instance.status) || arrived.length === 0) {
      hub.commit("turn", () => hub.dropMessages(messages));
      return;
    }
    const stored = hub.history(instance.executionId);
    if (stored.length === 0 && !arrived.some(isStart)) {
      discardEarlyMessages(hub, { instance, messages, clock });
      log({ level: "warning", instanceId, message: earlyMessages });
      return;
    }
    const outcome = await takeTurn({ ...instance, stored }, arrived, {
      clock,
      functions,
      failsOnNonDeterminism,
      log: (entry) => log({ ...entry, instanceId }),
    });
    if (hub.isClosed()) return;
    waitingActivities.push(...commitTurn(hub, { instance, outcome, messages, clock }));
    for (const line of buildTurnLogLines(instance, outcome)) log({ ...line, instanceId });
    timers.arm();
  };
  const completeActivity = async (work: ActivityWork): Promise<void> => {
    const run = () => runActivity(work, functions, () => clock.now());
    const event = await (options.wrapActivity?.(work, run) ?? run());
    if (hub.isClosed()) return;
    const delays = work.isExtra ? [] : (options.redeliver?.(work) ?? []);
    commitActivity(hub, { work, event, extraRunsAt: delays.map((delay) => clock.now() + delay) });
    if (delays.length > 0) timers.arm();
    wake(work.instanceId);
  };

  return {
    wake,
    start() {
      started = true;
      hub.takeMessages();
      for (const instanceId of hub.instancesWithMessages()) ready.add(instanceId);
      waitingActivities.splice(0, Infinity, ...hub.runnableActivities());
      timers.arm();
      startReadyWork();
    },
    async stop() {
      started = false;
      timers.stop();
      while (inFlight.size > 0) await Promise.all(inFlight);
      if (!hub.isClosed()) hub.releaseAll();
    },
  };
}

function isStart({ EventType }: HistoryEvent): boolean {
  return EventType === eventTypes.ExecutionStarted;
}

const earlyMessages =
  "Messages are lost because they arrived before the message that starts the instance";

/**
 * Messages can overtake the one that starts their instance, when a dead process holds that message. The Azure Storage
 * backend deletes them (IsExecutableInstanceAsync); only a termination takes effect.
 */
function discardEarlyMessages(
  hub: TaskHub,
  { instance, messages, clock }: { instance: Instance; messages: readonly Message[]; clock: Clock },
): void {
  const termination = messages
    .map(({ event }) => event)
    .find((event) => event.EventType === eventTypes.ExecutionTerminated);
  hub.commit("turn", () => {
    hub.dropMessages(messages);
    if (termination === undefined) return;
    const end = { status: "Terminated", output: termination.Input } as const;
    hub.saveInstance({ ...instance, ...end, updatedAt: clock.now() });
  });
}

type TurnCommit = {
  instance: Instance;
  outcome: TurnOutcome;
  messages: readonly Message[];
  clock: Clock;
};

/**
 * Commits a whole turn, or nothing if the instance was purged in the meantime. Returns the sequence numbers of the new
 * activities.
 */
function commitTurn(hub: TaskHub, { instance, outcome, messages, clock }: TurnCommit): number[] {
  const { execution, added, decisions, completion } = outcome;
  const now = clock.now();
  const { instanceId, executionId } = execution;
  return hub.commit("turn", () => {
    if (hub.instance(instanceId)?.executionId !== instance.executionId) return [];
    hub.dropMessages(messages);
    if (executionId !== instance.executionId) hub.deleteExecution(instance.executionId);
    hub.appendHistory(executionId, execution.stored.length, added);
    const activities: number[] = [];
    for (const decision of decisions) {
      if (decision.kind === "timer") {
        const { id: timerId, fireAt } = decision;
        const visibleAt = timerVisibleAt(fireAt, now);
        hub.addTimer({ instanceId, executionId, timerId, createdAt: now, fireAt, visibleAt });
        continue;
      }
      const { id: taskId, name } = decision;
      const input = decision.input === null ? null : JSON.stringify(decision.input);
      const work = { instanceId, executionId, taskId, name, input, isExtra: false };
      activities.push(hub.addActivity(work, 0));
    }
    if (completion !== null) hub.deleteTimers(executionId);
    hub.saveInstance({
      instanceId,
      name: execution.name,
      executionId,
      status: completion?.status ?? (outcome.suspended ? "Suspended" : "Running"),
      createdAt: execution.createdAt,
      updatedAt: now,
      input: execution.input,
      output: completion === null ? (lastReason(added) ?? instance.output) : completion.output,
      customStatus: execution.customStatus,
    });
    return activities;
  });
}

/** The output of an instance that is not finished is the reason of its last suspension or resumption. */
function lastReason(events: readonly HistoryEvent[]): string | null {
  const event = events.findLast(
    (each) => "Reason" in each && each.EventType !== eventTypes.TaskFailed,
  );
  return event !== undefined && "Reason" in event ? event.Reason : null;
}

/** Builds the log lines for an operator: an orchestration started or completed. */
function buildTurnLogLines(
  { status, name }: Instance,
  { completion }: TurnOutcome,
): readonly Omit<DurableLogEntry, "instanceId">[] {
  const lines: Omit<DurableLogEntry, "instanceId">[] = [];
  if (status === "Pending") lines.push({ level: "information", message: `${name} started` });
  if (completion === null) return lines;
  if (completion.status === "Failed") {
    lines.push({ level: "error", message: completion.output ?? `${name} failed` });
  } else {
    lines.push({ level: "information", message: `${name} finished: ${completion.status}` });
  }
  return lines;
}

type ActivityCommit = { work: ActivityWork; event: HistoryEvent; extraRunsAt: readonly number[] };

/** Commits an activity's result. An instance that no longer awaits the result drops it with its other messages. */
function commitActivity(hub: TaskHub, { work, event, extraRunsAt }: ActivityCommit): void {
  hub.commit("activity completion", () => {
    hub.removeActivity(work.seq);
    hub.send(work.instanceId, work.executionId, event);
    for (const at of extraRunsAt) hub.addActivity({ ...work, isExtra: true }, at);
  });
}
