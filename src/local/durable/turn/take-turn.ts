import { randomUUID } from "node:crypto";
import type { Clock } from "../../clock.ts";
import { everyAction, type OrchestratorState, parseState } from "./actions.ts";
import type { Decision } from "./decisions.ts";
import type { DurableFunctions, DurableLogEntry } from "../api/engine-api.ts";
import { findDrift } from "./non-determinism.ts";
import {
  eventTypes,
  type ExecutionCompleted,
  type HistoryEvent,
  instant,
  stamped,
  statusNumbers,
  type StoredEvent,
} from "../history/history.ts";
import type { SdkTasks } from "../api/open-tasks.ts";
import { replay, type Replay } from "./replay.ts";
import { triggerText } from "./trigger-text.ts";

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
  ending: Ending | null;
};

/** `output` is JSON text, or plain text where Durable writes plain text (failures, reasons). */
export type Ending = { status: "Completed" | "Failed" | "Terminated"; output: string | null };

export type TurnTools = {
  clock: Clock;
  functions: DurableFunctions;
  driftFails: boolean;
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
  tools: TurnTools,
): Promise<TurnOutcome> {
  let execution = first;
  let messages = arrived;
  for (let generation = 1; ; generation++) {
    const news: HistoryEvent[] = [orchestratorStarted(tools), ...messages];
    const verdict = await judge(execution, news, generation > 1, tools);
    if (verdict.next === null) return outcomeOf(verdict, news, tools);
    if (generation === mostGenerations) {
      const output = failureText(execution.name, endlessText);
      return outcomeOf({ ...verdict, ending: { status: "Failed", output } }, news, tools);
    }
    execution = nextGeneration(verdict.execution, verdict.next.input, tools);
    messages = [executionStarted(execution), ...verdict.next.carriedOver];
  }
}

/** A program may well continue once for each of many waiting events; only an endless one gets here. */
const mostGenerations = 1_000;

const endlessText = `continueAsNew was called ${mostGenerations} times in a row without waiting for anything. Wait for a timer, an activity or an event in every generation`;

type Verdict = {
  execution: Execution;
  decisions: readonly Decision[];
  /** How many ids the turn used up. */
  ids: number;
  ending: Ending | null;
  next: { input: string | null; carriedOver: readonly HistoryEvent[] } | null;
};

/** What replaying everything so far, news included, says about the instance. */
async function judge(
  execution: Execution,
  news: readonly HistoryEvent[],
  statusCarries: boolean,
  tools: TurnTools,
): Promise<Verdict> {
  const terminated = news.find((event) => event.EventType === eventTypes.ExecutionTerminated);
  if (terminated !== undefined) {
    return ended(execution, { status: "Terminated", output: terminated.Input });
  }
  const failed = (reason: string) =>
    ended(execution, { status: "Failed", output: failureText(execution.name, reason) });
  const known = sameNameIn(tools.functions.orchestrators(), execution.name);
  if (known === undefined) return failed(notThere(execution.name, "orchestrator"));

  const result = await tools.functions.invokeOrchestrator(known, triggerText(execution, news));
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
  if (customStatus !== null && customStatus.length * 2 > longestCustomStatus) {
    return failed(statusTooLong(customStatus));
  }
  const history = [...execution.stored.map(({ event }) => event), ...news];
  const shim = replay(state.actions, history, { asLibrary: false });
  const unknown = unknownActivity(shim, tools.functions.activities());
  const drift = tools.driftFails ? findDrift({ state, history, shim, sdk: result.tasks }) : null;
  const reason = drift ?? shim.contradiction ?? unknown;
  if (reason !== null) return failed(reason);
  warn(state, shim, result.tasks, tools);
  return settle({ ...execution, customStatus }, state, shim);
}

/** 16 KB of UTF-16 (DurableOrchestrationContext.SetCustomStatus). */
const longestCustomStatus = 16 * 1024;

function statusTooLong(customStatus: string): string {
  return `The custom status must not exceed 16 KB of UTF-16 text: ${customStatus.length * 2} bytes. Keep large values in a blob`;
}

/** An instance ends, or continues as new, only once no task is open (TaskOrchestrationExecutor.cs). */
function settle(execution: Execution, state: OrchestratorState, shim: Replay): Verdict {
  const verdict: Verdict = {
    execution,
    decisions: shim.decisions.unconfirmed(),
    ids: shim.decisions.made().length,
    ending: null,
    next: null,
  };
  if (shim.waitingFor !== null || shim.decisions.openIds().length > 0) return verdict;
  if (state.error !== "") {
    const output = failureText(execution.name, state.error);
    return { ...verdict, ending: { status: "Failed", output } };
  }
  if (!state.isDone) return verdict;
  if (shim.continueAsNew !== null) {
    const input = JSON.stringify(shim.continueAsNew.input);
    return { ...verdict, next: { input, carriedOver: shim.carriedOver } };
  }
  const output = state.output === null ? null : JSON.stringify(state.output);
  return { ...verdict, ending: { status: "Completed", output } };
}

function ended(execution: Execution, ending: Ending): Verdict {
  return { execution, decisions: [], ids: 0, ending, next: null };
}

/** Appends what the framework appends after the events of a turn: decisions in id order, then the end. */
function outcomeOf(
  verdict: Omit<Verdict, "next">,
  news: readonly HistoryEvent[],
  { clock }: TurnTools,
): TurnOutcome {
  const now = clock.now();
  const added: HistoryEvent[] = [...news];
  for (const decision of verdict.decisions) added.push(decided(decision, now));
  if (verdict.ending !== null) added.push(completed(verdict.ending, verdict.ids, now));
  added.push({ EventType: eventTypes.OrchestratorCompleted, ...stamped(now) });
  const { execution, decisions, ending } = verdict;
  return { execution, added, decisions, ending };
}

function decided(decision: Decision, now: number): HistoryEvent {
  return decision.kind === "activity"
    ? {
        EventType: eventTypes.TaskScheduled,
        ...stamped(now, decision.id),
        Name: decision.name,
        Version: "",
      }
    : {
        EventType: eventTypes.TimerCreated,
        ...stamped(now, decision.id),
        FireAt: instant(decision.fireAt),
      };
}

function completed(ending: Ending, id: number, now: number): ExecutionCompleted {
  return {
    EventType: eventTypes.ExecutionCompleted,
    ...stamped(now, id),
    OrchestrationStatus: statusNumbers[ending.status],
    Result: ending.output,
  };
}

function orchestratorStarted({ clock }: TurnTools): HistoryEvent {
  return { EventType: eventTypes.OrchestratorStarted, ...stamped(clock.now()) };
}

/** The event that begins a generation. */
export function executionStarted(execution: Execution): HistoryEvent {
  const { instanceId, executionId, name, input, createdAt } = execution;
  return {
    EventType: eventTypes.ExecutionStarted,
    ...stamped(createdAt),
    Name: name,
    Version: "",
    Input: input,
    OrchestrationInstance: { InstanceId: instanceId, ExecutionId: executionId },
  };
}

function nextGeneration(old: Execution, input: string | null, { clock }: TurnTools): Execution {
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
    if (sameNameIn(activities, decision.name) === undefined) {
      return notThere(decision.name, "activity");
    }
  }
  return null;
}

/** ThrowIfFunctionDoesNotExist of DurableTaskExtension.cs. */
export function notThere(name: string, kind: "orchestrator" | "activity"): string {
  const article = kind === "activity" ? "an activity" : "an orchestrator";
  return `The function '${name}' doesn't exist, is disabled, or is not ${article} function`;
}

/** Function names compare without case, as FunctionName.cs does. */
export function sameNameIn(names: readonly string[], name: string): string | undefined {
  return names.find((known) => known.toLowerCase() === name.toLowerCase());
}

function failureText(name: string, reason: string): string {
  return `Orchestrator function '${name}' failed: ${reason}`;
}

/** What is legal and surprising: said once it happens, never a reason to fail. */
function warn(
  state: OrchestratorState,
  shim: Replay,
  tasks: SdkTasks | undefined,
  { log }: TurnTools,
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
