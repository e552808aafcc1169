import {
  eventTypes,
  type HistoryEvent,
  type TaskScheduled,
  type TimerCreated,
} from "../history/history.ts";
import { type Pending, pending, type Settle } from "./pending.ts";

/** A task that an orchestration schedules, with its id. `fireAt` in epoch ms. */
export type Decision =
  | { kind: "activity"; id: number; name: string; input: unknown }
  | { kind: "timer"; id: number; fireAt: number };

/** The history contains a decision that this turn's actions do not make, or make differently. */
export class NonDeterminismError extends Error {
  override name = "NonDeterminismError";
}

/**
 * Numbers the tasks of a turn, like TaskOrchestrationContext.cs: one counter numbers every activity and timer, the
 * history confirms the decisions of former turns, and completions close open tasks. Decisions that are unconfirmed at
 * the end are new.
 */
export type Decisions = {
  callActivity(name: string, input: unknown): Pending;
  createTimer(fireAt: number): { task: Pending; cancel: () => void };
  /** Applies one history event. Throws `NonDeterminismError` if it contradicts the decisions. */
  apply(event: HistoryEvent): void;
  /** Holds back the unconfirmed decisions until `resume`, because the instance is suspended. */
  suspend(): void;
  resume(): void;
  /** Returns the decisions that the history does not contain and that are not held back, in id order. */
  unconfirmed(): readonly Decision[];
  /** Returns all decisions; the index is the id. */
  made(): readonly Decision[];
  /** Returns the ids of the tasks that are not completed. */
  openIds(): readonly number[];
  /** Returns the number of completions of tasks that were not open: duplicates, or late firings of canceled timers. */
  duplicates(): number;
};

export function createDecisions(): Decisions {
  const made: Decision[] = [];
  const unconfirmed = new Map<number, Decision>();
  const heldBack = new Map<number, Decision>();
  const open = new Map<number, Settle>();
  let duplicates = 0;

  const decide = (decision: Decision) => {
    const { task, settle } = pending();
    made.push(decision);
    unconfirmed.set(decision.id, decision);
    open.set(decision.id, settle);
    return { task, settle };
  };
  const confirm = (event: TaskScheduled | TimerCreated) => {
    const reason = contradiction(event, unconfirmed.get(event.EventId));
    if (reason !== null) throw new NonDeterminismError(reason);
    unconfirmed.delete(event.EventId);
  };
  const complete = (id: number, outcome: "succeeded" | "failed") => {
    const settle = open.get(id);
    if (settle === undefined) {
      duplicates++;
      return;
    }
    open.delete(id);
    settle(outcome);
  };

  return {
    callActivity: (name, input) => decide({ kind: "activity", id: made.length, name, input }).task,
    createTimer(fireAt) {
      const id = made.length;
      const { task, settle } = decide({ kind: "timer", id, fireAt });
      // A canceled timer is a failed task; its decision stays.
      const cancel = () => {
        if (open.delete(id)) settle("failed");
      };
      return { task, cancel };
    },
    apply(event) {
      if (
        event.EventType === eventTypes.TaskScheduled ||
        event.EventType === eventTypes.TimerCreated
      ) {
        confirm(event);
      } else if (event.EventType === eventTypes.TaskCompleted) {
        complete(event.TaskScheduledId, "succeeded");
      } else if (event.EventType === eventTypes.TaskFailed) {
        complete(event.TaskScheduledId, "failed");
      } else if (event.EventType === eventTypes.TimerFired) {
        complete(event.TimerId, "succeeded");
      }
    },
    suspend() {
      for (const [id, decision] of unconfirmed) heldBack.set(id, decision);
      unconfirmed.clear();
    },
    resume() {
      for (const [id, decision] of heldBack) unconfirmed.set(id, decision);
      heldBack.clear();
    },
    unconfirmed: () => [...unconfirmed.values()].toSorted((one, other) => one.id - other.id),
    made: () => made,
    openIds: () => [...open.keys()],
    duplicates: () => duplicates,
  };
}

/** The messages of NonDeterministicOrchestrationException (TaskOrchestrationContext.cs). */
function contradiction(
  { EventId: id, ...event }: TaskScheduled | TimerCreated,
  decision: Decision | undefined,
): string | null {
  const name = event.EventType === eventTypes.TaskScheduled ? event.Name : null;
  const what = name === null ? "a timer task" : "an activity task";
  const before = `Non-Deterministic workflow detected: A previous execution of this orchestration scheduled ${what} with sequence`;
  const after =
    "Was a change made to the orchestrator code after this instance had already started running?";
  if (decision === undefined) {
    const missing = `the current replay execution hasn't (yet?) scheduled this task. ${after}`;
    return name === null
      ? `${before} number ${id} but ${missing}`
      : `${before} ID ${id} and name '${name}' (version ''), but ${missing}`;
  }
  if (name === null) {
    if (decision.kind === "timer") return null;
    return `${before} number ${id} named but the current orchestration replay instead produced a ScheduleTaskOrchestratorAction action with this sequence number. ${after}`;
  }
  if (decision.kind === "timer") {
    return `${before} number ${id} named '${name}', but the current orchestration replay instead produced a CreateTimerOrchestratorAction action with this sequence number. ${after}`;
  }
  if (decision.name.toLowerCase() === name.toLowerCase()) return null;
  return `${before} number ${id} named '${name}', but the current orchestration replay instead scheduled an activity task named '${decision.name}' with this sequence number. ${after}`;
}
