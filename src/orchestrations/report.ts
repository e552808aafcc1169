import type { OrchestrationContext } from "durable-functions";
import { isoDate, timeOf } from "../copy/time.ts";
import type { CopyState } from "../copy/contract/custom-status.ts";
import type {
  CopyStatus,
  EndedCopyStatus,
  RunRecord,
  Trouble,
} from "../copy/contract/copy-status.ts";
import { estimateOf, stalledSince } from "../copy/polling/forecast.ts";
import type { Forecast } from "../copy/polling/forecast.ts";

/** The copy's public state, told through the custom status as the orchestration goes on. */
export type Report = {
  abortRequested(): boolean;
  /** What the outcome keeps of it. */
  record(): RunRecord;
  /** Something is done later; `warning` says why, where there is more to say. */
  waiting(warning: string | null, nextAt: number): void;
  /** Storage works on this copy; tells since when, epoch ms. */
  started(copyId: string): number;
  aborting(): void;
  /** A look that showed the copy pending. */
  looked(status: PendingStatus, look: ReportedLook): void;
  /** A look that nobody answered. */
  unanswered(trouble: Trouble, nextReadAt: number): void;
  /** The outcome is kept: whoever looks sees it, although the run goes on. */
  settled(): void;
  /** The look that showed the end. */
  ended(status: EndedCopyStatus): void;
};

type PendingStatus = Extract<CopyStatus, { state: "pending" }>;

/** What it says together with all before it, and when the next one is due; times are epoch ms. */
type ReportedLook = { seen: Forecast; startedAt: number; nextReadAt: number };

/** Storage's notes and our own messages are shortened to this; the custom status must stay small. */
const longestWarning = 512;

/**
 * `now` is the orchestration's own time, the same at every replay; `former` is the record of a run that
 * this one goes on with.
 */
export function createReport(
  context: OrchestrationContext,
  { now, former }: { now: () => number; former: RunRecord | null },
): Report {
  let state: CopyState = {
    status: former?.abortRequested === true ? "aborting" : "queued",
    copyId: null,
    copyStatus: null,
    abortRequested: former?.abortRequested ?? false,
    progress: null,
    bytesPerSecond: null,
    estimatedCompletion: null,
    readAt: null,
    statusReads: former?.statusReads ?? 0,
    nextReadAt: null,
    warning: null,
    startedAt: former?.startedAt ?? null,
    lastUpdatedAt: isoDate(now()),
  };
  const tell = (change: Partial<CopyState>) => {
    state = { ...state, ...change, lastUpdatedAt: isoDate(now()) };
    context.df.setCustomStatus(state);
  };

  return {
    abortRequested: () => state.abortRequested,
    record: () => {
      const { abortRequested, startedAt, statusReads } = state;
      return { abortRequested, startedAt, statusReads };
    },
    waiting: (warning, nextAt) => tell({ warning: clip(warning), nextReadAt: isoDate(nextAt) }),
    started: (copyId) => {
      const startedAt = state.startedAt ?? isoDate(now());
      tell({
        status: state.abortRequested ? "aborting" : "copying",
        copyId,
        copyStatus: "pending",
        warning: null,
        nextReadAt: null,
        startedAt,
      });
      return timeOf(startedAt);
    },
    aborting: () => tell({ status: "aborting", abortRequested: true }),
    unanswered: ({ failure }, nextReadAt) =>
      tell({
        statusReads: state.statusReads + 1,
        warning: clip(failure.message),
        nextReadAt: isoDate(nextReadAt),
      }),
    looked: ({ progress, warning }, { seen, startedAt, nextReadAt }) => {
      const last = { at: now(), progress, startedAt };
      const estimate = estimateOf(seen, last);
      const stalled = stallWarning(stalledSince(seen, last));
      tell({
        statusReads: state.statusReads + 1,
        progress,
        bytesPerSecond: estimate === null ? null : Math.round(estimate.rate * 1_000),
        estimatedCompletion: estimate === null ? null : isoDate(estimate.end),
        readAt: isoDate(now()),
        warning: clip(warning ?? stalled),
        nextReadAt: isoDate(nextReadAt),
      });
    },
    settled: () => tell({ settled: true, nextReadAt: null, warning: null }),
    ended: (status) =>
      tell({
        statusReads: state.statusReads + 1,
        ...("progress" in status ? { progress: status.progress } : {}),
        bytesPerSecond: null,
        estimatedCompletion: null,
        readAt: isoDate(now()),
        warning: null,
        nextReadAt: null,
      }),
  };
}

function stallWarning(since: number | null): string | null {
  return since === null ? null : `Storage has copied nothing since ${isoDate(since)}`;
}

function clip(text: string | null): string | null {
  if (text === null) return null;
  return text.length <= longestWarning ? text : `${text.slice(0, longestWarning - 1)}…`;
}
