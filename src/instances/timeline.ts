import type { InstanceId } from "../copy/contract/ids.ts";
import { parseTime, toIso } from "../copy/time.ts";
import { activities, events } from "../names.ts";
import type { CopyView } from "./copy-view.ts";
import type { HistoryEvent } from "./read-history.ts";

export const timelineSteps = [
  "requested",
  "start",
  "read",
  "wait",
  "woken",
  "abort-requested",
  "abort",
  "settle",
  "notify",
  "failed-step",
  "suspended",
  "resumed",
  "terminated",
  "ended",
] as const;

/** One entry of a timeline. Times are ISO 8601. */
export type TimelineEntry = {
  at: string;
  step: (typeof timelineSteps)[number];
  /** When a step was done; null while it runs, and for entries without a duration. Of a wait: its latest end. */
  until: string | null;
  /** The copy's repair did the step. */
  byRepair: boolean;
};

/**
 * The events of a copy, in order. `source`: Durable's history, or the dates in the ledger, which give fewer entries.
 */
export type Timeline = {
  id: InstanceId;
  source: "history" | "ledger";
  entries: TimelineEntry[];
  links: { copy: string };
};

/** Builds the timeline of a copy from the histories of its instance and of its repair; null if there is no history. */
export function buildTimeline(
  view: CopyView,
  { own, repair }: { own: HistoryEvent[] | null; repair: HistoryEvent[] | null },
): Timeline {
  const isKnown = own !== null || repair !== null;
  const entries = isKnown
    ? [...readEntries(own ?? [], false), ...readEntries(repair ?? [], true)]
    : view.startedAt === null
      ? []
      : [point(view.startedAt, "start")];
  const ended = view.completedAt === null ? [] : [point(view.lastUpdatedAt, "ended")];
  const known = [point(view.createdAt, "requested"), ...entries, ...ended];
  return {
    id: view.id,
    source: isKnown ? "history" : "ledger",
    entries: known.toSorted((one, other) => parseTime(one.at) - parseTime(other.at)),
    links: { copy: view.links.self },
  };
}

function point(at: string, step: TimelineEntry["step"], byRepair = false): TimelineEntry {
  return { at, step, until: null, byRepair };
}

/** Only names and times are read: inputs and results may contain more than callers may see. */
function readEntries(history: readonly HistoryEvent[], byRepair: boolean): TimelineEntry[] {
  return history.flatMap((event): TimelineEntry[] => {
    const at = readTime(event.Timestamp);
    if (at === null) return [];
    switch (event.EventType) {
      case "TaskCompleted": {
        const begun = readTime(event.ScheduledTime) ?? at;
        return [{ at: begun, step: stepOf(event.FunctionName), until: at, byRepair }];
      }
      case "TaskScheduled":
        return [{ at, step: stepOf(event.Name), until: null, byRepair }];
      case "TaskFailed":
        return [point(at, "failed-step", byRepair)];
      case "TimerCreated":
        return [{ at, step: "wait", until: readTime(event.FireAt), byRepair }];
      case "EventRaised":
        return event.Name === events.abort
          ? [point(at, "abort-requested", byRepair)]
          : [point(at, "woken", byRepair)];
      case "ExecutionSuspended":
        return [point(at, "suspended", byRepair)];
      case "ExecutionResumed":
        return [point(at, "resumed", byRepair)];
      case "ExecutionTerminated":
        return [point(at, "terminated", byRepair)];
      default:
        return [];
    }
  });
}

const steps: Readonly<Record<string, TimelineEntry["step"]>> = {
  [activities.start.toLowerCase()]: "start",
  [activities.read.toLowerCase()]: "read",
  [activities.abort.toLowerCase()]: "abort",
  [activities.settle.toLowerCase()]: "settle",
  [activities.notify.toLowerCase()]: "notify",
};

/** An activity that this release does not have belongs to another release; it counts as a read. */
function stepOf(name: unknown): TimelineEntry["step"] {
  return typeof name === "string" ? (steps[name.toLowerCase()] ?? "read") : "read";
}

/** The extension writes seven decimal digits, and sometimes an offset. */
function readTime(value: unknown): string | null {
  const time = typeof value === "string" ? parseTime(value) : Number.NaN;
  return Number.isFinite(time) ? toIso(parseTime(String(value))) : null;
}
