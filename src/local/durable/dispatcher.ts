import type { Clock } from "../clock.ts";
import { runActivity } from "./run-activity.ts";
import type { DurableLogEntry, DurableOptions } from "./api/engine-api.ts";
import { isFinal, type HistoryEvent } from "./history/history.ts";
import type { Instance } from "./hub/hub-instances.ts";
import type { ActivityWork } from "./hub/hub-work.ts";
import type { TaskHub } from "./hub/task-hub.ts";
import { createHubTimers } from "./hub/hub-timers.ts";
import { takeTurn, type TurnOutcome } from "./turn/take-turn.ts";

/** Lets instances take their turns and activities run, within the limits, for as long as there is work. */
export type Dispatcher = {
  /** Tells that an instance has mail. */
  wake(instanceId: string): void;
  /** Begins, with all that the hub holds. */
  start(): void;
  /** Begins nothing more, and waits for what runs. */
  stop(): Promise<void>;
};

/** When the host cannot even call a function, the work is tried again: after so long, in ms. */
const retryDelayMs = 5_000;

export function createDispatcher(hub: TaskHub, options: DurableOptions): Dispatcher {
  const { clock, functions, log } = options;
  const driftFails = options.failsOnNonDeterminism ?? true;
  const ready = new Set<string>();
  const inTurn = new Set<string>();
  const waitingActivities: number[] = [];
  const inFlight = new Set<Promise<void>>();
  let runningActivities = 0;
  let working = false;

  const wake = (instanceId: string) => {
    ready.add(instanceId);
    pump();
  };
  const timers = createHubTimers(hub, clock, ({ instanceIds, activities }) => {
    for (const instanceId of instanceIds) ready.add(instanceId);
    waitingActivities.push(...activities);
    pump();
  });

  const pump = () => {
    if (!working) return;
    for (const instanceId of ready) {
      if (hub.isClosed()) return;
      if (inTurn.size >= options.maxConcurrentOrchestrators) break;
      // One turn at a time for an instance: it stays ready until its present turn is over.
      if (!inTurn.has(instanceId)) beginTurn(instanceId);
    }
    while (!hub.isClosed() && runningActivities < options.maxConcurrentActivities) {
      const seq = waitingActivities.shift();
      if (seq === undefined) return;
      beginActivity(seq);
    }
  };
  const beginTurn = (instanceId: string) => {
    ready.delete(instanceId);
    inTurn.add(instanceId);
    begin(instanceId, turnOf(instanceId), {
      after: () => inTurn.delete(instanceId),
      again: () => wake(instanceId),
    });
  };
  const beginActivity = (seq: number) => {
    const work = hub.activity(seq);
    if (work === undefined) return;
    runningActivities++;
    begin(work.instanceId, activityOf(work), {
      after: () => runningActivities--,
      again() {
        waitingActivities.push(seq);
        pump();
      },
    });
  };
  const begin = (
    instanceId: string,
    work: Promise<void>,
    { after, again }: { after: () => void; again: () => void },
  ) => {
    const attend = async () => {
      try {
        await work;
      } catch (error) {
        if (hub.isClosed()) return;
        log({
          level: "error",
          instanceId,
          message: `Work is tried again in 5 s: ${String(error)}`,
        });
        clock.schedule(clock.now() + retryDelayMs, again);
      } finally {
        after();
      }
      pump();
    };
    const run: Promise<void> = attend().finally(() => inFlight.delete(run));
    inFlight.add(run);
    void clock.track(run);
  };

  const turnOf = async (instanceId: string): Promise<void> => {
    const messages = hub.messages(instanceId);
    const last = messages.at(-1);
    if (last === undefined) return;
    const instance = hub.instance(instanceId);
    // Completions and timers reach only the execution that asked for them.
    const arrived = messages
      .filter(({ executionId }) => executionId === null || executionId === instance?.executionId)
      .map(({ event }) => event);
    if (instance === undefined || isFinal(instance.status) || arrived.length === 0) {
      hub.commit("turn", () => hub.dropMessages(instanceId, last.seq));
      return;
    }
    const outcome = await takeTurn(
      { ...instance, stored: hub.history(instance.executionId) },
      arrived,
      {
        clock,
        functions,
        failsOnNonDeterminism: driftFails,
        log: (entry) => log({ ...entry, instanceId }),
      },
    );
    if (hub.isClosed()) return;
    waitingActivities.push(...commitTurn(hub, { instance, outcome, upTo: last.seq, clock }));
    for (const line of buildTurnLogLines(instance, outcome)) log({ ...line, instanceId });
    timers.arm();
  };
  const activityOf = async (work: ActivityWork): Promise<void> => {
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
      working = true;
      for (const instanceId of hub.instancesWithMessages()) ready.add(instanceId);
      waitingActivities.splice(0, Infinity, ...hub.runnableActivities());
      timers.arm();
      pump();
    },
    async stop() {
      working = false;
      timers.stop();
      while (inFlight.size > 0) await Promise.all(inFlight);
    },
  };
}

type TurnCommit = { instance: Instance; outcome: TurnOutcome; upTo: number; clock: Clock };

/** Writes a turn: all of it, or nothing if the instance was purged meanwhile. Answers new activities. */
function commitTurn(hub: TaskHub, { instance, outcome, upTo, clock }: TurnCommit): number[] {
  const { execution, added, decisions, completion } = outcome;
  const { instanceId, executionId } = execution;
  return hub.commit("turn", () => {
    if (hub.instance(instanceId)?.executionId !== instance.executionId) return [];
    hub.dropMessages(instanceId, upTo);
    if (executionId !== instance.executionId) hub.deleteExecution(instance.executionId);
    hub.appendHistory(executionId, execution.stored.length, added);
    const activities: number[] = [];
    for (const decision of decisions) {
      if (decision.kind === "timer") {
        hub.addTimer({ instanceId, executionId, timerId: decision.id, fireAt: decision.fireAt });
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
      status: completion?.status ?? "Running",
      createdAt: execution.createdAt,
      updatedAt: clock.now(),
      input: execution.input,
      output: completion?.output ?? null,
      customStatus: execution.customStatus,
    });
    return activities;
  });
}

/** What an operator wants to read: that an orchestration began, and how it ended. */
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
    lines.push({ level: "information", message: `${name} ended: ${completion.status}` });
  }
  return lines;
}

type ActivityCommit = { work: ActivityWork; event: HistoryEvent; extraRunsAt: readonly number[] };

/** Writes an activity's result. If nobody can await it any more, the instance drops it with its mail. */
function commitActivity(hub: TaskHub, { work, event, extraRunsAt }: ActivityCommit): void {
  hub.commit("activity completion", () => {
    hub.removeActivity(work.seq);
    hub.send(work.instanceId, work.executionId, event);
    for (const at of extraRunsAt) hub.addActivity({ ...work, isExtra: true }, at);
  });
}
