import type { InvocationResult } from "../api/engine-api.ts";

/**
 * One action of an orchestrator, as the JavaScript library writes it (src/actions). Every `yield`
 * appends one; compound actions carry their children, and no action carries a task id.
 */
export type Action =
  | { kind: "activity"; name: string; input: unknown; retry: RetryOptions | null }
  | { kind: "timer"; fireAt: number; cancelled: boolean }
  | { kind: "event"; name: string }
  | { kind: "any" | "all"; children: readonly Action[] }
  | { kind: "continueAsNew"; input: unknown }
  | { kind: "unsupported"; what: string };

/** Durations in ms. The defaults are those of RetryOptions.cs of the extension. */
export type RetryOptions = {
  firstRetryIntervalMs: number;
  maxNumberOfAttempts: number;
  backoffCoefficient: number;
  maxRetryIntervalMs: number;
  retryTimeoutMs: number;
};

/**
 * What one invocation of an orchestrator said. `threw` tells a failure whose message may be empty:
 * the extension fails an orchestration only for a message that is not.
 */
export type OrchestratorState = {
  isDone: boolean;
  actions: readonly Action[];
  output: unknown;
  customStatus: unknown;
  error: string;
  threw: boolean;
};

/** The mark between an exception's message and the state (OrchestrationFailureError.ts). */
const stateMarker = "\n\n$OutOfProcData$:";

/**
 * Reads the state from a return value or, after a throw, from the exception's message. Anything else
 * is a failure of the invocation itself, and the answer is its message.
 */
export function parseState(result: InvocationResult): OrchestratorState | { failure: string } {
  if (result.ok) return parseStateJson(result.json ?? "null", false);
  const mark = result.message.indexOf(stateMarker);
  if (mark < 0) return { failure: result.message };
  return parseStateJson(result.message.slice(mark + stateMarker.length), true);
}

function parseStateJson(json: string, threw: boolean): OrchestratorState | { failure: string } {
  let state: WireState | null;
  try {
    // The library's own type; what is read from it is checked below.
    state = JSON.parse(json) as WireState | null;
  } catch {
    state = null;
  }
  if (typeof state !== "object" || state === null || !Array.isArray(state.actions)) {
    return { failure: "Out of proc orchestrators must return a valid JSON schema" };
  }
  return {
    isDone: state.isDone === true,
    actions: state.actions.flat().map(parseAction),
    output: state.output ?? null,
    customStatus: state.customStatus ?? null,
    error: typeof state.error === "string" ? state.error : "",
    threw,
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

const sixDays = 6 * 24 * 3_600_000;

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
        cancelled: action.isCanceled === true,
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
        what: unsupportedActions[action.actionType] ?? "unknown action",
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
    maxRetryIntervalMs: options.maxRetryIntervalInMilliseconds ?? sixDays,
    retryTimeoutMs: options.retryTimeoutInMilliseconds ?? Infinity,
  };
}

/** All actions, those inside compounds too, in the order in which they are scheduled. */
export function* everyAction(actions: readonly Action[]): Generator<Action> {
  for (const action of actions) {
    yield action;
    if (action.kind === "any" || action.kind === "all") yield* everyAction(action.children);
  }
}
