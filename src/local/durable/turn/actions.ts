import { day } from "../../durations.ts";
import type { InvocationResult } from "../api/engine-api.ts";

/**
 * One action of an orchestrator, as the JavaScript library writes it (src/actions). Every `yield` appends one. Compound
 * actions contain their children; no action contains a task id.
 */
export type Action =
  | { kind: "activity"; name: string; input: unknown; retry: RetryOptions | null }
  | { kind: "timer"; fireAt: number; canceled: boolean }
  | { kind: "event"; name: string }
  | { kind: "any" | "all"; children: readonly Action[] }
  | { kind: "continueAsNew"; input: unknown }
  | { kind: "unsupported"; feature: string };

/** The defaults are those of RetryOptions.cs of the extension. */
export type RetryOptions = {
  firstRetryIntervalMs: number;
  maxNumberOfAttempts: number;
  backoffCoefficient: number;
  maxRetryIntervalMs: number;
  retryTimeoutMs: number;
};

/** The result of one invocation of an orchestrator. `error` is empty if it did not throw. */
export type OrchestratorState = {
  isDone: boolean;
  actions: readonly Action[];
  output: unknown;
  customStatus: unknown;
  error: string;
};

/** A failed invocation without a usable state. `hint` names the mistake, where it is known. */
export type StatelessFailure = { failure: string; hint: string | null };

/** Separates an exception's message from the state (OrchestrationFailureError.ts). */
const stateMarker = "\n\n$OutOfProcData$:";

/**
 * Parses the state from a return value or, after a throw, from the exception's message. The invocation itself failed if
 * the exception contains no state, or a state without an error text: then the result is the text of the .NET exception
 * (AggregateException around RpcException.cs).
 */
export function parseState(result: InvocationResult): OrchestratorState | StatelessFailure {
  if (result.ok) return parseStateJson(result.json ?? "null");
  const { message, stack } = result;
  const rpcMessage = `Result: Failure\nException: ${message}\nStack: ${stack}`;
  const failure = `One or more errors occurred. (${rpcMessage})`;
  const markerAt = message.indexOf(stateMarker);
  if (markerAt < 0) return { failure, hint: null };
  const state = parseStateJson(message.slice(markerAt + stateMarker.length));
  return "failure" in state || state.error !== "" ? state : { failure, hint: emptyError };
}

const emptyError =
  "The orchestrator threw an empty message or something that is not an Error. Throw an Error with a message";

function parseStateJson(json: string): OrchestratorState | StatelessFailure {
  let state: WireState | null;
  try {
    // The library's type; the fields that are read from it are checked below.
    state = JSON.parse(json) as WireState | null;
  } catch {
    state = null;
  }
  if (typeof state !== "object" || state === null || !Array.isArray(state.actions)) {
    return { failure: "Out of proc orchestrators must return a valid JSON schema", hint: null };
  }
  return {
    isDone: state.isDone === true,
    actions: state.actions.flat().map(parseAction),
    output: state.output ?? null,
    customStatus: state.customStatus ?? null,
    error: typeof state.error === "string" ? state.error : "",
  };
}

/** OrchestratorState.ts of the library. */
type WireState = {
  isDone?: unknown;
  actions?: WireAction[][];
  output?: unknown;
  customStatus?: unknown;
  error?: unknown;
};

type WireAction = {
  actionType: number;
  functionName?: string;
  input?: unknown;
  retryOptions?: WireRetryOptions;
  fireAt?: string;
  isCanceled?: boolean;
  externalEventName?: string;
  compoundActions?: WireAction[];
};

type WireRetryOptions = {
  firstRetryIntervalInMilliseconds: number;
  maxNumberOfAttempts: number;
  backoffCoefficient?: number;
  maxRetryIntervalInMilliseconds?: number;
  retryTimeoutInMilliseconds?: number;
};

/** Numbers of AsyncActionType in OutOfProcOrchestrationShim.cs. */
function parseAction(action: WireAction): Action {
  switch (action.actionType) {
    case 0:
      return createActivityAction(action, null);
    case 1:
      return createActivityAction(action, parseRetryOptions(action.retryOptions));
    case 4:
      return { kind: "continueAsNew", input: action.input ?? null };
    case 5:
      return {
        kind: "timer",
        fireAt: Date.parse(action.fireAt ?? ""),
        canceled: action.isCanceled === true,
      };
    case 6:
      return { kind: "event", name: action.externalEventName ?? "" };
    case 11:
      return { kind: "any", children: (action.compoundActions ?? []).map(parseAction) };
    case 12:
      return { kind: "all", children: (action.compoundActions ?? []).map(parseAction) };
    default:
      return {
        kind: "unsupported",
        feature: unsupportedActions[action.actionType] ?? "unknown action",
      };
  }
}

const unsupportedActions: Readonly<Record<number, string>> = {
  2: "sub-orchestrations (callSubOrchestrator)",
  3: "sub-orchestrations (callSubOrchestratorWithRetry)",
  7: "entities (callEntity)",
  8: "durable HTTP (callHttp)",
  9: "entities (signalEntity)",
  10: "entities (scheduled signalEntity)",
  13: "entity locks (lock)",
  14: "entity locks (release)",
};

function createActivityAction(action: WireAction, retry: RetryOptions | null): Action {
  const input = action.input ?? null;
  return { kind: "activity", name: action.functionName ?? "", input, retry };
}

function parseRetryOptions(options: WireRetryOptions | undefined): RetryOptions | null {
  if (options === undefined) return null;
  return {
    firstRetryIntervalMs: options.firstRetryIntervalInMilliseconds,
    maxNumberOfAttempts: options.maxNumberOfAttempts,
    backoffCoefficient: options.backoffCoefficient ?? 1,
    maxRetryIntervalMs: options.maxRetryIntervalInMilliseconds ?? 6 * day,
    retryTimeoutMs: options.retryTimeoutInMilliseconds ?? Infinity,
  };
}

/** Yields all actions, including those inside compound actions, in the order in which they are scheduled. */
export function* everyAction(actions: readonly Action[]): Generator<Action> {
  for (const action of actions) {
    yield action;
    if (action.kind === "any" || action.kind === "all") yield* everyAction(action.children);
  }
}
