import type { OrchestrationContext } from "durable-functions";
import { toIso, parseTime } from "../copy/time.ts";
import type { CustomStatus } from "../copy/contract/custom-status.ts";
import type {
  CopyStatus,
  FinalCopyStatus,
  OrchestrationRecord,
  TransientFailure,
} from "../copy/contract/copy-status.ts";
import { estimateCompletion, stalledSince } from "../copy/polling/forecast.ts";
import type { Forecast } from "../copy/polling/forecast.ts";

/** The copy's public state, told through the custom status as the orchestration goes on. */
export type StatusReport = {
  abortRequested(): boolean;
  /** What the outcome keeps of it. */
  record(): OrchestrationRecord;
  /** Something is done later; `warning` says why, where there is more to say. */
  waiting(warning: string | null, nextAt: number): void;
  /** Storage works on this copy; tells since when, epoch ms. */
  started(copyId: string): number;
  aborting(): void;
  /** A look that showed the copy pending. */
  polled(status: PendingStatus, look: PollReport): void;
  /** A look that nobody answered. */
  pollFailed(trouble: TransientFailure, nextReadAt: number): void;
  /** The outcome is kept: whoever looks sees it, although the run goes on. */
  settled(): void;
  /** The look that showed the end. */
  finished(status: FinalCopyStatus): void;
};

type PendingStatus = Extract<CopyStatus, { kind: "pending" }>;

/** What it says together with all before it, and when the next one is due; times are epoch ms. */
type PollReport = { forecast: Forecast; startedAt: number; nextReadAt: number };

/** Storage's notes and our own messages are shortened to this; the custom status must stay small. */
const maxWarningLength = 512;

/**
 * `now` is the orchestration's own time, the same at every replay; `former` is the record of a run that
 * this one goes on with.
 */
export function createStatusReport(
  context: OrchestrationContext,
  { now, former }: { now: () => number; former: OrchestrationRecord | null },
): StatusReport {
  let state: CustomStatus = {
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
    lastUpdatedAt: toIso(now()),
  };
  const tell = (change: Partial<CustomStatus>) => {
    state = { ...state, ...change, lastUpdatedAt: toIso(now()) };
    context.df.setCustomStatus(state);
  };

  return {
    abortRequested: () => state.abortRequested,
    record: () => {
      const { abortRequested, startedAt, statusReads } = state;
      return { abortRequested, startedAt, statusReads };
    },
    waiting: (warning, nextAt) => tell({ warning: clip(warning), nextReadAt: toIso(nextAt) }),
    started: (copyId) => {
      const startedAt = state.startedAt ?? toIso(now());
      tell({
        status: state.abortRequested ? "aborting" : "copying",
        copyId,
        copyStatus: "pending",
        warning: null,
        nextReadAt: null,
        startedAt,
      });
      return parseTime(startedAt);
    },
    aborting: () => tell({ status: "aborting", abortRequested: true }),
    pollFailed: ({ failure }, nextReadAt) =>
      tell({
        statusReads: state.statusReads + 1,
        warning: clip(failure.message),
        nextReadAt: toIso(nextReadAt),
      }),
    polled: ({ progress, warning }, { forecast, startedAt, nextReadAt }) => {
      const last = { at: now(), progress, startedAt };
      const estimate = estimateCompletion(forecast, last);
      const stalled = stallWarning(stalledSince(forecast, last));
      tell({
        statusReads: state.statusReads + 1,
        progress,
        bytesPerSecond: estimate === null ? null : Math.round(estimate.rate * 1_000),
        estimatedCompletion: estimate === null ? null : toIso(estimate.completesAt),
        readAt: toIso(now()),
        warning: clip(warning ?? stalled),
        nextReadAt: toIso(nextReadAt),
      });
    },
    settled: () => tell({ settled: true, nextReadAt: null, warning: null }),
    finished: (status) =>
      tell({
        statusReads: state.statusReads + 1,
        ...("progress" in status ? { progress: status.progress } : {}),
        bytesPerSecond: null,
        estimatedCompletion: null,
        readAt: toIso(now()),
        warning: null,
        nextReadAt: null,
      }),
  };
}

function stallWarning(since: number | null): string | null {
  return since === null ? null : `Storage has copied nothing since ${toIso(since)}`;
}

function clip(text: string | null): string | null {
  if (text === null) return null;
  return text.length <= maxWarningLength ? text : `${text.slice(0, maxWarningLength - 1)}…`;
}
