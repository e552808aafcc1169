import type { OrchestrationContext } from "durable-functions";
import type { CopyId } from "../copy/contract/ids.ts";
import { parseTime, toIso } from "../copy/time.ts";
import type { EpochMs } from "../copy/time.ts";
import { queuedStatus } from "../copy/contract/custom-status.ts";
import type { CustomStatus } from "../copy/contract/custom-status.ts";
import type {
  CopyStatus,
  FinalCopyStatus,
  OrchestrationRecord,
  TransientFailure,
} from "../copy/contract/copy-status.ts";
import { estimateCompletion, stalledSince } from "../copy/polling/forecast.ts";
import type { Forecast } from "../copy/polling/forecast.ts";

/** Publishes the state of a running copy in the orchestration's custom status. */
export type StatusReport = {
  abortRequested(): boolean;
  /** The part of it that the outcome includes. */
  record(): OrchestrationRecord;
  /** The orchestration waits until `nextAt` (epoch ms); `warning` is the reason, null if there is nothing to report. */
  waiting(warning: string | null, nextAt: EpochMs): void;
  /** Storage has started this copy. Returns when it was started first (epoch ms). */
  started(copyId: CopyId): EpochMs;
  aborting(): void;
  /** A poll found the copy pending. */
  polled(status: PendingStatus, poll: PollReport): void;
  /** Storage did not respond to a poll. */
  pollFailed(failed: TransientFailure, nextReadAt: EpochMs): void;
  /** The outcome is recorded and visible; the orchestration only sends notifications from now on. */
  settled(): void;
  /** A poll found a final status; `readAt` is epoch ms. */
  finished(status: FinalCopyStatus, readAt: EpochMs): void;
};

type PendingStatus = Extract<CopyStatus, { kind: "pending" }>;

/** The forecast from all polls so far, when the last one was made and the next one is due; times are epoch ms. */
type PollReport = { forecast: Forecast; startedAt: EpochMs; readAt: EpochMs; nextReadAt: EpochMs };

/** In characters. Longer warnings are shortened, because the custom status must stay small. */
const maxWarningLength = 512;

/**
 * Creates the report. `now`: the orchestration's own time, the same in every replay. `former`: the record of the
 * instance that a repair takes over.
 */
export function createStatusReport(
  context: OrchestrationContext,
  { now, former }: { now: () => EpochMs; former: OrchestrationRecord | null },
): StatusReport {
  let state: CustomStatus = {
    ...queuedStatus(toIso(now())),
    ...former,
    status: former?.abortRequested === true ? "aborting" : "queued",
  };
  const publish = (change: Partial<CustomStatus>) => {
    state = { ...state, ...change, lastUpdatedAt: toIso(now()) };
    context.df.setCustomStatus(state);
  };

  return {
    abortRequested: () => state.abortRequested,
    record: () => {
      const { abortRequested, startedAt, statusReads } = state;
      return { abortRequested, startedAt, statusReads };
    },
    waiting: (warning, nextAt) => publish({ warning: clip(warning), nextReadAt: toIso(nextAt) }),
    started: (copyId) => {
      const startedAt = state.startedAt ?? toIso(now());
      publish({
        status: state.abortRequested ? "aborting" : "copying",
        copyId,
        copyStatus: "pending",
        warning: null,
        nextReadAt: null,
        startedAt,
      });
      return parseTime(startedAt);
    },
    aborting: () => publish({ status: "aborting", abortRequested: true }),
    pollFailed: ({ failure }, nextReadAt) =>
      publish({
        statusReads: state.statusReads + 1,
        warning: clip(failure.message),
        nextReadAt: toIso(nextReadAt),
      }),
    polled: ({ progress, warning }, { forecast, startedAt, readAt, nextReadAt }) => {
      const last = { at: readAt, progress, startedAt };
      const estimate = estimateCompletion(forecast, last);
      const stalled = stallWarning(stalledSince(forecast, last));
      publish({
        statusReads: state.statusReads + 1,
        progress,
        bytesPerSecond: estimate === null ? null : Math.round(estimate.rate * 1_000),
        estimatedCompletion: estimate === null ? null : toIso(estimate.completesAt),
        readAt: toIso(readAt),
        warning: clip(warning ?? stalled),
        nextReadAt: toIso(nextReadAt),
      });
    },
    settled: () => publish({ settled: true, nextReadAt: null, warning: null }),
    finished: (status, readAt) =>
      publish({
        statusReads: state.statusReads + 1,
        ...("progress" in status ? { progress: status.progress } : {}),
        bytesPerSecond: null,
        estimatedCompletion: null,
        readAt: toIso(readAt),
        warning: null,
        nextReadAt: null,
      }),
  };
}

function stallWarning(since: EpochMs | null): string | null {
  return since === null ? null : `Storage has copied nothing since ${toIso(since)}`;
}

function clip(text: string | null): string | null {
  if (text === null) return null;
  return text.length <= maxWarningLength ? text : `${text.slice(0, maxWarningLength - 1)}…`;
}
