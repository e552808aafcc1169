import { eventTypes, type HistoryEvent } from "../history/history.ts";
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
  /** Returns the decisions that the history does not contain, in id order. */
  unconfirmed(): readonly Decision[];
  /** Returns all decisions; the index is the id. */
  made(): readonly Decision[];
  /** Returns the ids of the tasks that are not completed. */
  openIds(): readonly number[];
  /** Returns the number of completions of tasks that were not open: duplicates, or late firings of cancelled timers. */
  duplicates(): number;
};

export function createDecisions(): Decisions {
  const made: Decision[] = [];
  const unconfirmed = new Map<number, Decision>();
  const open = new Map<number, Settle>();
  let duplicates = 0;

  const decide = (decision: Decision) => {
    const { task, settle } = pending();
    made.push(decision);
    unconfirmed.set(decision.id, decision);
    open.set(decision.id, settle);
    return { task, settle };
  };
  const confirm = (id: number, kind: Decision["kind"], name: string) => {
    const decision = unconfirmed.get(id);
    if (decision === undefined || !agrees(decision, kind, name)) {
      throw new NonDeterminismError(contradiction(id, kind, name, decision ?? made[id]));
    }
    unconfirmed.delete(id);
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
      // A cancelled timer is a failed task; its decision stays.
      const cancel = () => {
        if (open.delete(id)) settle("failed");
      };
      return { task, cancel };
    },
    apply(event) {
      if (event.EventType === eventTypes.TaskScheduled) {
        confirm(event.EventId, "activity", event.Name);
      } else if (event.EventType === eventTypes.TimerCreated) {
        confirm(event.EventId, "timer", "");
      } else if (event.EventType === eventTypes.TaskCompleted) {
        complete(event.TaskScheduledId, "succeeded");
      } else if (event.EventType === eventTypes.TaskFailed) {
        complete(event.TaskScheduledId, "failed");
      } else if (event.EventType === eventTypes.TimerFired) {
        complete(event.TimerId, "succeeded");
      }
    },
    unconfirmed: () => [...unconfirmed.values()],
    made: () => made,
    openIds: () => [...open.keys()],
    duplicates: () => duplicates,
  };
}

function agrees(decision: Decision, kind: Decision["kind"], name: string): boolean {
  if (decision.kind !== kind) return false;
  return decision.kind !== "activity" || decision.name.toLowerCase() === name.toLowerCase();
}

function contradiction(
  id: number,
  kind: Decision["kind"],
  name: string,
  now: Decision | undefined,
): string {
  const before = kind === "activity" ? `the activity "${name}"` : "a timer";
  const instead =
    now === undefined
      ? "this turn schedules nothing under that id"
      : `this turn schedules ${now.kind === "activity" ? `the activity "${now.name}"` : "a timer"}`;
  return `Non-Deterministic workflow detected: a former turn scheduled ${before} with id ${id}, but ${instead}`;
}
