import { type Action, everyAction, type OrchestratorState } from "./actions.ts";
import { type EventRaised, eventTypes, type HistoryEvent } from "../history/history.ts";
import type { SdkTasks } from "../api/open-tasks.ts";
import { replay, type Replay } from "./replay-actions.ts";

/** One turn: the library's result, and the extension's replay of it. */
export type TurnSides = {
  state: OrchestratorState;
  history: readonly HistoryEvent[];
  replayed: Replay;
  /** The names of the app's activities. */
  activities: readonly string[];
  /** The library's own tasks; undefined if the host could not read them. */
  sdk: SdkTasks | undefined;
};

/**
 * Returns the pattern that makes this turn non-deterministic in Azure, with its fix; null if library and extension
 * agree. A program that is only slow in Azure (because of a timer that is still open) is deterministic.
 */
export function detectNonDeterminism(sides: TurnSides): string | null {
  const { state, replayed } = sides;
  if (replayed.contradiction !== null) return `${replayed.contradiction} ${guessCause(sides)}`;
  // No action of the turn is executed, or an unknown activity has no id: the sides differ, and the instance only waits.
  if (replayed.suspended || replayed.unknownActivity !== null) return null;
  if (replayed.timedOutRetry !== null) {
    return `${retryTimeout}: activity "${replayed.timedOutRetry}"`;
  }
  const open = replayed.decisions.openIds();
  if (sides.history.some((event) => isNumericEvent(event) && open.includes(Number(event.Name)))) {
    return numericEvent;
  }
  const continues = !state.isDone && state.error === "";
  if (replayed.canceledLongTimer && continues) return longTimer;
  if (replayed.continueAsNew !== null) return checkContinuation(sides);
  if (!continues) return isStuck(replayed) ? stuckAtEnd : null;
  return sides.sdk === undefined ? null : compareIds(sides, sides.sdk);
}

const retryTimeout =
  "Retries stopped because of retryTimeoutInMilliseconds, and now the library waits for a timer that the extension never creates. Limit retries with maxNumberOfAttempts only";

const longTimer =
  "A timer of more than six days was canceled while the orchestration continues. The extension chains such timers in hops of three days, and after a cancellation library and extension number the hops differently. Create timers of at most six days, one after the other";

const lateTimer =
  "A timer was created directly after a race that a canceled timer lost. The extension assumes that it was created when that race began, considers it longer than six days, and fires its first hop long before it is due. Await an activity after every race, and use timers of at most a day";

const stuckAtEnd =
  "The orchestrator has completed, but the extension still waits for a task that only an event can complete, so the instance would stay Running forever. Task.all fails with its first failure only in the library. Let activities return their failures, and wait for events outside Task.all";

const openAtContinuation =
  "continueAsNew was called while tasks were open, and the extension delays it until all of them are completed. Cancel timers and await activities first";

const eventTwice =
  "continueAsNew was called after an event won a race against a timer that was then canceled. The extension considers the race as won before the event and delivers the event again to the next generation, endlessly. Loop without continueAsNew, or wait for the event alone";

const eventCase =
  "Events with names that differ only in case arrived before continueAsNew. The extension considers the names equal and delivers the awaited event again; the library does not. Use one spelling of every event name";

const numericEvent =
  "An event with a number as its name completed the task with that id in the library. Raise only events with a known name";

const failedAll =
  "Task.all failed before all its tasks were completed, and the orchestrator continued. The extension waits for all of them first and numbers the following tasks differently. Let activities return their failures instead of throwing";

const retryInRace =
  "A retried activity is used inside Task.any or Task.all. The extension assigns the ids of its retries and of the other tasks in another order. Write the retries as a loop over plain activities";

const reusedTask =
  "A task was used in a second Task.any or Task.all, and the extension schedules it a second time. Create new tasks for every race";

const changedCode =
  "The orchestrator's code changed while this instance ran, or is not deterministic";

function checkContinuation({ state, history, replayed, activities }: TurnSides): string | null {
  if (replayed.decisions.openIds().length > 0) return openAtContinuation;
  const deliveredTwice = new Set<EventRaised>(replayed.carriedOver);
  if (deliveredTwice.size === 0) return null;
  // Events that the library's own rules would carry over are new to the library; the others would arrive twice.
  for (const event of replay(state.actions, history, { asLibrary: true, activities }).carriedOver) {
    deliveredTwice.delete(event);
  }
  if (deliveredTwice.size === 0) return null;
  return history.some((event) => hasOtherSpelling(event, history)) ? eventCase : eventTwice;
}

function hasOtherSpelling(event: HistoryEvent, history: readonly HistoryEvent[]): boolean {
  if (event.EventType !== eventTypes.EventRaised) return false;
  return history.some(
    (other) =>
      other.EventType === eventTypes.EventRaised &&
      other.Name !== event.Name &&
      sameName(other.Name, event.Name),
  );
}

function isStuck({ waitingFor, decisions }: Replay): boolean {
  return waitingFor !== null && decisions.openIds().length === 0;
}

/** While the orchestration continues, library and extension must give the same tasks the same ids. */
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
      : `the library waits for ${describe(mismatch)} under id ${mismatch.id}, the extension has ${describe(made[mismatch.id])} under that id`;
  return `${guessCause(sides)}: ${difference}`;
}

function describe(task: { kind: string; name?: string | null } | undefined): string {
  if (task === undefined) return "nothing";
  return task.kind === "activity" ? `activity "${task.name ?? ""}"` : `a ${task.kind}`;
}

function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** Returns the first known pattern in the actions that can cause the non-determinism. */
function guessCause({ state, history, replayed, sdk }: TurnSides): string {
  const actions = [...everyAction(state.actions)];
  if (replayed.canceledLongTimer) return longTimer;
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
