import type { OrchestrationContext } from "durable-functions";
import { isoDate, timeOf } from "../copy/dates.ts";
import type { CopyState } from "../copy/copy-state.ts";
import type { CopyStatus, EndedCopyStatus, RunRecord } from "../copy/copy-status.ts";
import { copyRate, stalledSince } from "../copy/read-policy.ts";
import type { Observation } from "../copy/read-policy.ts";

/** The copy's public state, told through the custom status as the orchestration goes on. */
export type Report = {
  abortRequested(): boolean;
  /** What the outcome keeps of it. */
  record(): RunRecord;
  /** Something is tried again later; `warning` says why. */
  waiting(warning: string, nextAt: number): void;
  /** Storage works on this copy; tells since when, epoch ms. */
  started(copyId: string): number;
  aborting(): void;
  /** A look that did not end the copy, and when the next one is due (epoch ms). */
  looked(status: CopyStatus, observations: readonly Observation[], nextReadAt: number): void;
  /** The outcome is kept: whoever looks sees it, although the run goes on. */
  settled(): void;
  /** The look that showed the end. */
  ended(status: EndedCopyStatus): void;
};

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
    looked: (status, observations, nextReadAt) => {
      const statusReads = state.statusReads + 1;
      if (status.state !== "pending") {
        const warning = status.state === "trouble" ? clip(status.failure.message) : null;
        return tell({ statusReads, warning, nextReadAt: isoDate(nextReadAt) });
      }
      tell({
        statusReads,
        progress: status.progress,
        bytesPerSecond: rounded(copyRate(observations)),
        readAt: isoDate(now()),
        warning: clip(status.warning ?? stallWarning(observations)),
        nextReadAt: isoDate(nextReadAt),
      });
    },
    settled: () => tell({ settled: true, nextReadAt: null, warning: null }),
    ended: (status) =>
      tell({
        statusReads: state.statusReads + 1,
        ...("progress" in status ? { progress: status.progress } : {}),
        bytesPerSecond: null,
        readAt: isoDate(now()),
        warning: null,
        nextReadAt: null,
      }),
  };
}

function stallWarning(observations: readonly Observation[]): string | null {
  const since = stalledSince(observations);
  return since === null ? null : `Storage has copied nothing since ${isoDate(since)}`;
}

function clip(text: string | null): string | null {
  if (text === null) return null;
  return text.length <= longestWarning ? text : `${text.slice(0, longestWarning - 1)}…`;
}

function rounded(rate: number | null): number | null {
  return rate === null ? null : Math.round(rate);
}
