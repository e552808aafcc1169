import { randomUUID } from "node:crypto";
import type { Clock } from "../../clock.ts";
import { everyAction, type OrchestratorState, parseState } from "./actions.ts";
import type { Decision } from "./decisions.ts";
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

/** One generation of an instance: what `continueAsNew` replaces. */
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

/** What a turn came to; all of it is committed at once, or none. */
export type TurnOutcome = {
  execution: Execution;
  /** Events to append to `execution.stored`. */
  added: readonly HistoryEvent[];
  /** Activities and timers to begin. */
  decisions: readonly Decision[];
  completion: Completion | null;
};

/** `output` is JSON text, or plain text where Durable writes plain text (failures, reasons). */
export type Completion = { status: "Completed" | "Failed" | "Terminated"; output: string | null };

export type TurnDependencies = {
  clock: Clock;
  functions: DurableFunctions;
  failsOnNonDeterminism: boolean;
  log: (entry: Omit<DurableLogEntry, "instanceId">) => void;
};

/**
 * Runs one turn: `arrived` joins the history, the orchestrator is replayed once over all of it, and
 * its actions are replayed again as the extension does. After `continueAsNew` the next generation
 * takes its first turn within the same work item (TaskOrchestrationDispatcher.cs).
 */
export async function takeTurn(
  first: Execution,
  arrived: readonly HistoryEvent[],
  tools: TurnDependencies,
): Promise<TurnOutcome> {
  let execution = first;
  let messages = arrived;
  for (let generation = 1; ; generation++) {
    const news: HistoryEvent[] = [createOrchestratorStarted(tools), ...messages];
    const verdict = await evaluateTurn(execution, news, generation > 1, tools);
    if (verdict.next === null) return buildOutcome(verdict, news, tools);
    if (generation === maxGenerations) {
      const output = failureText(execution.name, endlessContinuation);
      return buildOutcome({ ...verdict, completion: { status: "Failed", output } }, news, tools);
    }
    execution = nextGeneration(verdict.execution, verdict.next.input, tools);
    messages = [createExecutionStarted(execution), ...verdict.next.carriedOver];
  }
}

/** A program may well continue once for each of many waiting events; only an endless one gets here. */
const maxGenerations = 1_000;

const endlessContinuation = `continueAsNew was called ${maxGenerations} times in a row without waiting for anything. Wait for a timer, an activity or an event in every generation`;

type TurnResult = {
  execution: Execution;
  decisions: readonly Decision[];
  /** How many ids the turn used up. */
  usedIds: number;
  completion: Completion | null;
  next: { input: string | null; carriedOver: readonly HistoryEvent[] } | null;
};

/** What replaying everything so far, news included, says about the instance. */
async function evaluateTurn(
  execution: Execution,
  news: readonly HistoryEvent[],
  statusCarries: boolean,
  tools: TurnDependencies,
): Promise<TurnResult> {
  const terminated = news.find((event) => event.EventType === eventTypes.ExecutionTerminated);
  if (terminated !== undefined) {
    return completeWith(execution, { status: "Terminated", output: terminated.Input });
  }
  const failed = (reason: string) =>
    completeWith(execution, { status: "Failed", output: failureText(execution.name, reason) });
  const known = findName(tools.functions.orchestrators(), execution.name);
  if (known === undefined) return failed(missingFunctionText(execution.name, "orchestrator"));

  const result = await tools.functions.invokeOrchestrator(known, buildTrigger(execution, news));
  const state = parseState(result);
  if ("failure" in state) return failed(state.failure);
  const unsupported = [...everyAction(state.actions)].find(({ kind }) => kind === "unsupported");
  if (unsupported?.kind === "unsupported") {
    return failed(`Cannot go on as Ferry's local host has not implemented ${unsupported.what}`);
  }
  // An omitted status is stored as null; only a generation's first turn still shows its predecessor's.
  const customStatus =
    state.customStatus === null
      ? statusCarries
        ? execution.customStatus
        : null
      : JSON.stringify(state.customStatus);
  if (customStatus !== null && customStatus.length * 2 > maxCustomStatusBytes) {
    return failed(customStatusTooLong(customStatus));
  }
  const history = [...execution.stored.map(({ event }) => event), ...news];
  const shim = replay(state.actions, history, { asLibrary: false });
  const unknown = unknownActivity(shim, tools.functions.activities());
  const drift = tools.failsOnNonDeterminism
    ? detectNonDeterminism({ state, history, replayed: shim, sdk: result.tasks })
    : null;
  const reason = drift ?? shim.contradiction ?? unknown;
  if (reason !== null) return failed(reason);
  logWarnings(state, shim, result.tasks, tools);
  return settle({ ...execution, customStatus }, state, shim);
}

/** 16 KB of UTF-16 (DurableOrchestrationContext.SetCustomStatus). */
const maxCustomStatusBytes = 16 * 1024;

function customStatusTooLong(customStatus: string): string {
  return `The custom status must not exceed 16 KB of UTF-16 text: ${customStatus.length * 2} bytes. Keep large values in a blob`;
}

/** An instance ends, or continues as new, only once no task is open (TaskOrchestrationExecutor.cs). */
function settle(execution: Execution, state: OrchestratorState, shim: Replay): TurnResult {
  const verdict: TurnResult = {
    execution,
    decisions: shim.decisions.unconfirmed(),
    usedIds: shim.decisions.made().length,
    completion: null,
    next: null,
  };
  if (shim.waitingFor !== null || shim.decisions.openIds().length > 0) return verdict;
  if (state.error !== "") {
    const output = failureText(execution.name, state.error);
    return { ...verdict, completion: { status: "Failed", output } };
  }
  if (!state.isDone) return verdict;
  if (shim.continueAsNew !== null) {
    const input = JSON.stringify(shim.continueAsNew.input);
    return { ...verdict, next: { input, carriedOver: shim.carriedOver } };
  }
  const output = state.output === null ? null : JSON.stringify(state.output);
  return { ...verdict, completion: { status: "Completed", output } };
}

function completeWith(execution: Execution, ending: Completion): TurnResult {
  return { execution, decisions: [], usedIds: 0, completion: ending, next: null };
}

/** Appends what the framework appends after the events of a turn: decisions in id order, then the end. */
function buildOutcome(
  verdict: Omit<TurnResult, "next">,
  news: readonly HistoryEvent[],
  { clock }: TurnDependencies,
): TurnOutcome {
  const now = clock.now();
  const added: HistoryEvent[] = [...news];
  for (const decision of verdict.decisions) added.push(createDecisionEvent(decision, now));
  if (verdict.completion !== null)
    added.push(createExecutionCompleted(verdict.completion, verdict.usedIds, now));
  added.push({ EventType: eventTypes.OrchestratorCompleted, ...eventBase(now) });
  const { execution, decisions, completion } = verdict;
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

function createExecutionCompleted(ending: Completion, id: number, now: number): ExecutionCompleted {
  return {
    EventType: eventTypes.ExecutionCompleted,
    ...eventBase(now, id),
    OrchestrationStatus: statusNumbers[ending.status],
    Result: ending.output,
  };
}

function createOrchestratorStarted({ clock }: TurnDependencies): HistoryEvent {
  return { EventType: eventTypes.OrchestratorStarted, ...eventBase(clock.now()) };
}

/** The event that begins a generation. */
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

/** Guids without dashes, as the framework makes them. */
export function newExecutionId(): string {
  return randomUUID().replaceAll("-", "");
}

/**
 * On Azure a call of an unknown activity throws inside the extension, which swallows the exception
 * and waits for ever; here it fails with the extension's own words.
 */
function unknownActivity(shim: Replay, activities: readonly string[]): string | null {
  for (const decision of shim.decisions.unconfirmed()) {
    if (decision.kind !== "activity") continue;
    if (findName(activities, decision.name) === undefined) {
      return missingFunctionText(decision.name, "activity");
    }
  }
  return null;
}

/** ThrowIfFunctionDoesNotExist of DurableTaskExtension.cs. */
export function missingFunctionText(name: string, kind: "orchestrator" | "activity"): string {
  const article = kind === "activity" ? "an activity" : "an orchestrator";
  return `The function '${name}' doesn't exist, is disabled, or is not ${article} function`;
}

/** Function names compare without case, as FunctionName.cs does. */
export function findName(names: readonly string[], name: string): string | undefined {
  return names.find((known) => known.toLowerCase() === name.toLowerCase());
}

function failureText(name: string, reason: string): string {
  return `Orchestrator function '${name}' failed: ${reason}`;
}

/** What is legal and surprising: said once it happens, never a reason to fail. */
function logWarnings(
  state: OrchestratorState,
  shim: Replay,
  tasks: SdkTasks | undefined,
  { log }: TurnDependencies,
): void {
  const open = shim.decisions.openIds().length;
  if (state.isDone && open > 0) {
    log({
      level: "warning",
      message: `The orchestrator has ended, but the instance stays Running until its open tasks end: ${open}`,
    });
  }
  if (shim.continueAsNew !== null && shim.buffered.length > 0) {
    const names = shim.buffered.map((event) => event.Name).join(", ");
    log({ level: "warning", message: `continueAsNew loses events that nobody awaited: ${names}` });
  }
  if (tasks === undefined) return;
  log({ level: "debug", message: `Turn done: ${tasks.nextId} tasks so far, ${open} open` });
}
