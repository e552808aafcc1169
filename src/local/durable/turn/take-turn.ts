import type { Clock } from "../../clock.ts";
import { everyAction, type OrchestratorState, parseState } from "./actions.ts";
import type { Decision } from "./task-ids.ts";
import { findName, missingFunctionText, unknownOrchestratorText } from "./function-names.ts";
import type { DurableFunctions, DurableLogEntry } from "../api/engine-api.ts";
import { detectNonDeterminism } from "./non-determinism.ts";
import { eventTypes, type HistoryEvent, eventBase, type StoredEvent } from "../history/history.ts";
import type { SdkTasks } from "../api/open-tasks.ts";
import { replay, type Replay } from "./replay-actions.ts";
import { buildTrigger } from "./trigger-text.ts";
import {
  createDecisionEvent,
  createExecutionCompleted,
  createExecutionStarted,
  createOrchestratorStarted,
  newExecutionId,
} from "./turn-events.ts";

/** One generation of an instance; `continueAsNew` replaces it with the next one. */
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
  /** Whether the instance is suspended after the turn. */
  suspended: boolean;
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
    const news: HistoryEvent[] = [createOrchestratorStarted(deps.clock.now()), ...messages];
    const result = await evaluateTurn(execution, news, generation > 1, deps);
    if (result.next === null) return buildOutcome(result, news, deps);
    if (generation === maxGenerations) {
      const output = failureText(execution.name, endlessContinuation);
      return buildOutcome({ ...result, completion: { status: "Failed", output } }, news, deps);
    }
    execution = nextGeneration(result.execution, result.next.input, deps);
    messages = [createExecutionStarted(execution, null), ...result.next.carriedOver];
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
  suspended: boolean;
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
  const { functions, log } = deps;
  const activities = functions.activities();
  const history = [...execution.stored.map(({ event }) => event), ...news];
  const failedWithoutState = (reason: string) => failWithoutState(execution, history, reason);
  const name = findName(functions.orchestrators(), execution.name);
  if (name === undefined) {
    return failedWithoutState(unknownOrchestratorText(execution.name, functions.orchestrators()));
  }

  const invocation = await functions.invokeOrchestrator(name, buildTrigger(execution, news));
  const state = parseState(invocation);
  if ("failure" in state) {
    if (state.hint !== null) log({ level: "error", message: state.hint });
    return failedWithoutState(state.failure);
  }
  // An omitted status is stored as null, but a generation's first turn keeps the status of the previous generation.
  const customStatus =
    state.customStatus === null
      ? keepsStatus
        ? execution.customStatus
        : null
      : JSON.stringify(state.customStatus);
  const statusKb = Math.floor(((customStatus ?? "").length * 2) / 1024);
  if (statusKb > maxCustomStatusKb) {
    return failedWithoutState(
      `The UTF-16 size of the JSON-serialized payload must not exceed ${maxCustomStatusKb} KB. The current payload size is ${statusKb} KB.`,
    );
  }
  const evaluated = { ...execution, customStatus };
  const failed = (output: string) => completeWith(evaluated, { status: "Failed", output });
  const unsupported = [...everyAction(state.actions)].find(({ kind }) => kind === "unsupported");
  if (unsupported?.kind === "unsupported") {
    const reason = `Cannot continue because Ferry's local host does not implement ${unsupported.feature}`;
    return failed(failureText(execution.name, reason));
  }
  const replayed = replay(state.actions, history, { asLibrary: false, activities });
  const problem = deps.failsOnNonDeterminism
    ? detectNonDeterminism({ state, history, replayed, activities, sdk: invocation.tasks })
    : null;
  if (replayed.contradiction !== null) {
    // The framework starts the scheduled tasks although the turn fails.
    const decisions = replayed.decisions.unconfirmed();
    const usedIds = replayed.decisions.made().length;
    return { ...failed(problem ?? replayed.contradiction), decisions, usedIds };
  }
  if (problem !== null) return failed(failureText(execution.name, problem));
  logWarnings(state, replayed, invocation.tasks, deps);
  return completeTurn(evaluated, state, replayed);
}

/** DurableOrchestrationContext.SetCustomStatus. Whole KB of UTF-16 are compared: 17,407 bytes pass. */
const maxCustomStatusKb = 16;

/**
 * A turn that fails without the library's state schedules nothing and loses the custom status. If a former turn
 * scheduled something, the framework reports that as non-determinism instead of the reason.
 */
function failWithoutState(
  execution: Execution,
  history: readonly HistoryEvent[],
  reason: string,
): TurnResult {
  const { contradiction } = replay([], history, { asLibrary: false, activities: [] });
  const output = contradiction ?? failureText(execution.name, reason);
  return completeWith({ ...execution, customStatus: null }, { status: "Failed", output });
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
    suspended: replayed.suspended,
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
  return { execution, decisions: [], usedIds: 0, suspended: false, completion, next: null };
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
  const { execution, decisions, suspended, completion } = result;
  return { execution, added, decisions, suspended, completion };
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
  if (replayed.unknownActivity !== null) {
    const missing = missingFunctionText(replayed.unknownActivity, "activity");
    log({ level: "error", message: `${missing}. The instance stays Running forever` });
  }
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
