import { type Action, everyAction, type OrchestratorState } from "./actions.ts";
import { type EventRaised, eventTypes, type HistoryEvent } from "../history/history.ts";
import type { SdkTasks } from "../api/open-tasks.ts";
import { replay, type Replay } from "./replay.ts";

/** One turn, from the library's side and from the extension's. */
export type TurnSides = {
  state: OrchestratorState;
  history: readonly HistoryEvent[];
  replayed: Replay;
  /** What the library itself says it holds, where the host could read it. */
  sdk: SdkTasks | undefined;
};

/**
 * Names the pattern by which this turn drifts on Azure, with the fix; null where library and
 * extension agree. A program that only runs slowly there (a timer left behind) does not drift.
 */
export function detectNonDeterminism(sides: TurnSides): string | null {
  const { state, replayed } = sides;
  if (state.threw && state.error === "") return emptyError;
  if (replayed.contradiction !== null) return `${replayed.contradiction}. ${guessCause(sides)}`;
  if (replayed.timedOutRetry !== null) {
    return `${retryTimeout}: activity "${replayed.timedOutRetry}"`;
  }
  const open = replayed.decisions.openIds();
  if (sides.history.some((event) => isNumericEvent(event) && open.includes(Number(event.Name)))) {
    return numericEvent;
  }
  const goesOn = !state.isDone && !state.threw;
  if (replayed.cancelledLongTimer && goesOn) return longTimer;
  if (replayed.continueAsNew !== null) return checkContinuation(sides);
  if (!goesOn) return isStuck(replayed) ? stuckAtTheEnd : null;
  return sides.sdk === undefined ? null : compareIds(sides, sides.sdk);
}

const emptyError =
  "The orchestrator threw an empty message or something that is not an Error; on Azure the instance would stay Running for ever. Throw an Error with a text";

const retryTimeout =
  "Retries ended by retryTimeoutInMilliseconds, after which the library waits for a timer that the extension never creates. Bound retries by maxNumberOfAttempts only";

const longTimer =
  "A timer over six days was cancelled while the orchestration goes on; the extension chains such timers in hops of three days, and after a cancellation library and extension number the hops differently. Create timers of at most six days, one after the other";

const lateTimer =
  "A timer was created after a race that a cancelled timer lost, with nothing awaited in between: the extension takes it as created when that race began, finds it longer than six days, and fires its first hop long before it is due. Await an activity after every race, and keep timers within a day";

const stuckAtTheEnd =
  "The orchestrator has ended, but the extension still waits for a task that can only end by an event, so the instance would stay Running for ever. Task.all ends with its first failure only in the library: let activities return their failures, and wait for events outside Task.all";

const openAtContinuation =
  "continueAsNew was called while tasks were open, and the extension holds it back until all of them end. Cancel timers and await activities first";

const eventTwice =
  "continueAsNew after an event won a race against a timer that was then cancelled: the extension takes the race as won before the event and delivers the event again to the next generation, endlessly. Loop without continueAsNew, or wait for the event alone";

const eventCase =
  "Events whose names differ only by case before continueAsNew: the extension takes them for the same and delivers the awaited one again, the library does not. Raise every event under one spelling";

const numericEvent =
  "An event whose name is a number completed a task of that id in the library. Raise only events with a known name";

const failedAll =
  "Task.all failed before all its tasks had ended and the orchestrator went on; the extension waits for all of them first and numbers what follows differently. Let activities return their failures instead of throwing";

const retryInRace =
  "A retried activity inside Task.any or Task.all: the ids of its retries and of the other tasks come in another order in the extension. Write the retries as a loop over plain activities";

const reusedTask =
  "A task was used in a second Task.any or Task.all, and the extension schedules it a second time. Create fresh tasks for every race";

const changedCode =
  "The orchestrator's code changed while this instance ran, or is not deterministic";

function checkContinuation({ state, history, replayed }: TurnSides): string | null {
  if (replayed.decisions.openIds().length > 0) return openAtContinuation;
  const seen = new Set<EventRaised>(replayed.carriedOver);
  if (seen.size === 0) return null;
  // What the library's own rules would carry over, it has not seen; the rest arrives twice.
  for (const event of replay(state.actions, history, { asLibrary: true }).carriedOver) {
    seen.delete(event);
  }
  if (seen.size === 0) return null;
  return history.some((event) => hasTwinOfOtherCase(event, history)) ? eventCase : eventTwice;
}

function hasTwinOfOtherCase(event: HistoryEvent, history: readonly HistoryEvent[]): boolean {
  if (event.EventType !== eventTypes.EventRaised) return false;
  return history.some(
    (other) =>
      other.EventType === eventTypes.EventRaised &&
      other.Name !== event.Name &&
      sameName(other.Name, event.Name),
  );
}

function isStuck(shim: Replay): boolean {
  return shim.waitingFor !== null && shim.decisions.openIds().length === 0;
}

/** While the orchestration goes on, both sides must have numbered the same tasks alike. */
function compareIds(sides: TurnSides, sdk: SdkTasks): string | null {
  const made = sides.replayed.decisions.made();
  const mismatch = sdk.open.find((task) => {
    const decision = made[task.id];
    if (decision === undefined) return true;
    if (decision.kind !== task.kind) return true;
    if (decision.kind === "timer") return (task.fireAt ?? decision.fireAt) !== decision.fireAt;
    return !sameName(decision.name, task.name ?? "");
  });
  if (mismatch === undefined && sdk.nextId === made.length) return null;
  if (mismatch?.kind === "timer" && made[mismatch.id]?.kind === "timer") return lateTimer;
  const difference =
    mismatch === undefined
      ? `the library has numbered ${sdk.nextId} tasks, the extension ${made.length}`
      : `the library waits for ${describe(mismatch)} under id ${mismatch.id}, the extension has ${describe(made[mismatch.id])} there`;
  return `${guessCause(sides)}: ${difference}`;
}

function describe(task: { kind: string; name?: string | null } | undefined): string {
  if (task === undefined) return "nothing";
  return task.kind === "activity" ? `activity "${task.name ?? ""}"` : `a ${task.kind}`;
}

function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** The drift is certain, its cause is read off the actions: the first pattern that is known to do this. */
function guessCause({ state, history, replayed, sdk }: TurnSides): string {
  const actions = [...everyAction(state.actions)];
  if (replayed.cancelledLongTimer) return longTimer;
  if (replayed.waitingFor !== null && hasAll(replayed.waitingFor) && failedInside(history)) {
    return actions.some(isRetryRace) ? `${failedAll}. ${retryInRace}` : failedAll;
  }
  if (actions.some(isRetryRace)) return retryInRace;
  const races = actions.filter(({ kind }) => kind === "any" || kind === "all").length;
  const surplus = sdk === undefined || replayed.decisions.made().length > sdk.nextId;
  return races > 1 && surplus ? reusedTask : changedCode;
}

function isNumericEvent(event: HistoryEvent): event is EventRaised {
  return event.EventType === eventTypes.EventRaised && /^\d+$/.test(event.Name);
}

function failedInside(history: readonly HistoryEvent[]): boolean {
  return history.some((event) => event.EventType === eventTypes.TaskFailed);
}

function hasAll(action: Action): boolean {
  return [...everyAction([action])].some(({ kind }) => kind === "all");
}

function isRetryRace(action: Action): boolean {
  if (action.kind !== "any" && action.kind !== "all") return false;
  return [...everyAction(action.children)].some(
    (child) => child.kind === "activity" && child.retry !== null,
  );
}
