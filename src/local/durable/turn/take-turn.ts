import { randomUUID } from "node:crypto";
import type { Clock } from "../../clock.ts";
import { everyAction, type OrchestratorState, parseState } from "./actions.ts";
import type { Decision } from "./decisions.ts";
import { findName, missingFunctionText } from "./function-names.ts";
import type { DurableFunctions, DurableLogEntry } from "../api/engine-api.ts";
import { detectNonDeterminism } from "./non-determinism.ts";
import {
  eventTypes,
  type ExecutionCompleted,
  type HistoryEvent,
  formatInstant,
  eventBase,
  statusNumbers,
  type StoredEvent,
} from "../history/history.ts";
import type { SdkTasks } from "../api/open-tasks.ts";
import { replay, type Replay } from "./replay.ts";
import { buildTrigger } from "./trigger-text.ts";

/** One generation of an instance; `continueAsNew` replaces it by the next one. */
export type Execution = {
  instanceId: string;
  name: string;
  executionId: string;
  /** The input as JSON text. */
  input: string | null;
  createdAt: number;
  /** The custom status as JSON text. */
  customStatus: string | null;
  stored: readonly StoredEvent[];
};

/** The result of a turn, which is committed as a whole. */
export type TurnOutcome = {
  execution: Execution;
  /** Events to append to `execution.stored`. */
  added: readonly HistoryEvent[];
  /** Activities and timers to start. */
  decisions: readonly Decision[];
  completion: Completion | null;
};

/** `output` is JSON text, or plain text for failures and termination reasons, as in Durable. */
export type Completion = { status: "Completed" | "Failed" | "Terminated"; output: string | null };

export type TurnDependencies = {
  clock: Clock;
  functions: DurableFunctions;
  failsOnNonDeterminism: boolean;
  log: (entry: Omit<DurableLogEntry, "instanceId">) => void;
};

/**
 * Runs one turn: appends `arrived` to the history, runs the orchestrator once over the whole history, and replays its
 * actions as the extension does. After `continueAsNew` the first turn of the next generation runs in the same call
 * (TaskOrchestrationDispatcher.cs: in the same work item).
 */
export async function takeTurn(
  first: Execution,
  arrived: readonly HistoryEvent[],
  deps: TurnDependencies,
): Promise<TurnOutcome> {
  let execution = first;
  let messages = arrived;
  for (let generation = 1; ; generation++) {
    const news: HistoryEvent[] = [createOrchestratorStarted(deps), ...messages];
    const result = await evaluateTurn(execution, news, generation > 1, deps);
    if (result.next === null) return buildOutcome(result, news, deps);
    if (generation === maxGenerations) {
      const output = failureText(execution.name, endlessContinuation);
      return buildOutcome({ ...result, completion: { status: "Failed", output } }, news, deps);
    }
    execution = nextGeneration(result.execution, result.next.input, deps);
    messages = [createExecutionStarted(execution), ...result.next.carriedOver];
  }
}

/** A program can legitimately continue once for each of many queued events. Only an endless program exceeds this. */
const maxGenerations = 1_000;

const endlessContinuation = `continueAsNew was called ${maxGenerations} times in a row without waiting in between. Wait for a timer, an activity or an event in every generation`;

type TurnResult = {
  execution: Execution;
  decisions: readonly Decision[];
  /** The number of task ids used so far. */
  usedIds: number;
  completion: Completion | null;
  next: { input: string | null; carriedOver: readonly HistoryEvent[] } | null;
};

/** Runs the orchestrator and replays its actions over the history including `news`. */
async function evaluateTurn(
  execution: Execution,
  news: readonly HistoryEvent[],
  keepsStatus: boolean,
  deps: TurnDependencies,
): Promise<TurnResult> {
  const terminated = news.find((event) => event.EventType === eventTypes.ExecutionTerminated);
  if (terminated !== undefined) {
    return completeWith(execution, { status: "Terminated", output: terminated.Input });
  }
  const failed = (reason: string) =>
    completeWith(execution, { status: "Failed", output: failureText(execution.name, reason) });
  const name = findName(deps.functions.orchestrators(), execution.name);
  if (name === undefined) return failed(missingFunctionText(execution.name, "orchestrator"));

  const invocation = await deps.functions.invokeOrchestrator(name, buildTrigger(execution, news));
  const state = parseState(invocation);
  if ("failure" in state) return failed(state.failure);
  const unsupported = [...everyAction(state.actions)].find(({ kind }) => kind === "unsupported");
  if (unsupported?.kind === "unsupported") {
    return failed(
      `Cannot continue because Ferry's local host does not implement ${unsupported.feature}`,
    );
  }
  // An omitted status is stored as null, but a generation's first turn keeps the status of the previous generation.
  const customStatus =
    state.customStatus === null
      ? keepsStatus
        ? execution.customStatus
        : null
      : JSON.stringify(state.customStatus);
  if (customStatus !== null && customStatus.length * 2 > maxCustomStatusBytes) {
    return failed(customStatusTooLong(customStatus));
  }
  const history = [...execution.stored.map(({ event }) => event), ...news];
  const replayed = replay(state.actions, history, { asLibrary: false });
  const unknown = unknownActivity(replayed, deps.functions.activities());
  const problem = deps.failsOnNonDeterminism
    ? detectNonDeterminism({ state, history, replayed, sdk: invocation.tasks })
    : null;
  const reason = problem ?? replayed.contradiction ?? unknown;
  if (reason !== null) return failed(reason);
  logWarnings(state, replayed, invocation.tasks, deps);
  return completeTurn({ ...execution, customStatus }, state, replayed);
}

/** 16 KB of UTF-16 (DurableOrchestrationContext.SetCustomStatus). */
const maxCustomStatusBytes = 16 * 1024;

function customStatusTooLong(customStatus: string): string {
  return `The custom status must not exceed 16 KB of UTF-16 text: ${customStatus.length * 2} bytes. Keep large values in a blob`;
}

/** An instance completes, or continues as new, only when no task is open (TaskOrchestrationExecutor.cs). */
function completeTurn(
  execution: Execution,
  state: OrchestratorState,
  replayed: Replay,
): TurnResult {
  const result: TurnResult = {
    execution,
    decisions: replayed.decisions.unconfirmed(),
    usedIds: replayed.decisions.made().length,
    completion: null,
    next: null,
  };
  if (replayed.waitingFor !== null || replayed.decisions.openIds().length > 0) return result;
  if (state.error !== "") {
    const output = failureText(execution.name, state.error);
    return { ...result, completion: { status: "Failed", output } };
  }
  if (!state.isDone) return result;
  if (replayed.continueAsNew !== null) {
    const input = JSON.stringify(replayed.continueAsNew.input);
    return { ...result, next: { input, carriedOver: replayed.carriedOver } };
  }
  const output = state.output === null ? null : JSON.stringify(state.output);
  return { ...result, completion: { status: "Completed", output } };
}

function completeWith(execution: Execution, completion: Completion): TurnResult {
  return { execution, decisions: [], usedIds: 0, completion, next: null };
}

/** Appends the events that the framework appends to a turn: decisions in id order, then the completion. */
function buildOutcome(
  result: Omit<TurnResult, "next">,
  news: readonly HistoryEvent[],
  { clock }: TurnDependencies,
): TurnOutcome {
  const now = clock.now();
  const added: HistoryEvent[] = [...news];
  for (const decision of result.decisions) added.push(createDecisionEvent(decision, now));
  if (result.completion !== null)
    added.push(createExecutionCompleted(result.completion, result.usedIds, now));
  added.push({ EventType: eventTypes.OrchestratorCompleted, ...eventBase(now) });
  const { execution, decisions, completion } = result;
  return { execution, added, decisions, completion };
}

function createDecisionEvent(decision: Decision, now: number): HistoryEvent {
  return decision.kind === "activity"
    ? {
        EventType: eventTypes.TaskScheduled,
        ...eventBase(now, decision.id),
        Name: decision.name,
        Version: "",
      }
    : {
        EventType: eventTypes.TimerCreated,
        ...eventBase(now, decision.id),
        FireAt: formatInstant(decision.fireAt),
      };
}

function createExecutionCompleted(
  completion: Completion,
  id: number,
  now: number,
): ExecutionCompleted {
  return {
    EventType: eventTypes.ExecutionCompleted,
    ...eventBase(now, id),
    OrchestrationStatus: statusNumbers[completion.status],
    Result: completion.output,
  };
}

function createOrchestratorStarted({ clock }: TurnDependencies): HistoryEvent {
  return { EventType: eventTypes.OrchestratorStarted, ...eventBase(clock.now()) };
}

/** Creates the first event of a generation. */
export function createExecutionStarted(execution: Execution): HistoryEvent {
  const { instanceId, executionId, name, input, createdAt } = execution;
  return {
    EventType: eventTypes.ExecutionStarted,
    ...eventBase(createdAt),
    Name: name,
    Version: "",
    Input: input,
    OrchestrationInstance: { InstanceId: instanceId, ExecutionId: executionId },
  };
}

function nextGeneration(
  old: Execution,
  input: string | null,
  { clock }: TurnDependencies,
): Execution {
  return {
    ...old,
    executionId: newExecutionId(),
    input,
    createdAt: clock.now(),
    stored: [],
  };
}

/** Returns a GUID without dashes, as the framework does. */
export function newExecutionId(): string {
  return randomUUID().replaceAll("-", "");
}

/**
 * Returns the extension's message if a new decision calls an unknown activity, otherwise null. On Azure the extension
 * swallows the exception of such a call and waits forever; here the instance fails.
 */
function unknownActivity(replayed: Replay, activities: readonly string[]): string | null {
  for (const decision of replayed.decisions.unconfirmed()) {
    if (decision.kind !== "activity") continue;
    if (findName(activities, decision.name) === undefined) {
      return missingFunctionText(decision.name, "activity");
    }
  }
  return null;
}

function failureText(name: string, reason: string): string {
  return `Orchestrator function '${name}' failed: ${reason}`;
}

/** Logs legal but surprising situations. */
function logWarnings(
  state: OrchestratorState,
  replayed: Replay,
  tasks: SdkTasks | undefined,
  { log }: TurnDependencies,
): void {
  const open = replayed.decisions.openIds().length;
  if (state.isDone && open > 0) {
    log({
      level: "warning",
      message: `The orchestrator has completed, but the instance stays Running until its open tasks are completed: ${open}`,
    });
  }
  if (replayed.continueAsNew !== null && replayed.buffered.length > 0) {
    const names = replayed.buffered.map((event) => event.Name).join(", ");
    log({
      level: "warning",
      message: `continueAsNew loses events that the orchestrator did not await: ${names}`,
    });
  }
  if (tasks === undefined) return;
  log({ level: "debug", message: `Turn done: ${tasks.nextId} tasks so far, ${open} open` });
}
