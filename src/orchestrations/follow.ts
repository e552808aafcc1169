import type { CopyId } from "../copy/contract/ids.ts";
import { latest, plusMs } from "../copy/time.ts";
import { isFinal } from "../copy/contract/copy-status.ts";
import type { CopyStatus, FinalCopyStatus } from "../copy/contract/copy-status.ts";
import { failure } from "../copy/contract/failure.ts";
import { unobservable } from "../copy/decisions/read-status.ts";
import { day, hour } from "../copy/durations.ts";
import { retryAt } from "../copy/polling/backoff.ts";
import { firstPollAt, maxWaitMs, nextPollAt, minSpacingMs } from "../copy/polling/poll-policy.ts";
import { forecast } from "../copy/polling/forecast.ts";
import type { Sample } from "../copy/polling/forecast.ts";
import type { StartedCopy } from "../copy/contract/activities.ts";
import { activities } from "../names.ts";
import type { CopyContext, Orchestrated } from "./copy-context.ts";

/** Storage itself fails a copy after two weeks ("Copy Blob"); after this grace period Ferry aborts it. */
const maxCopyMs = 14 * day + 12 * hour;

/** How many consecutive polls may fail before an overdue copy is given up. */
const maxFailedPolls = 8;

/**
 * Polls the destination until Storage reports a final status; aborts the copy when that was requested or it is
 * overdue. `isPending`: Storage has just reported the copy as pending, so the first poll can wait.
 */
export function* followCopy(
  context: CopyContext,
  { plan, copyId }: StartedCopy,
  { isPending } = { isPending: false },
): Orchestrated<FinalCopyStatus> {
  const { report } = context;
  const startedAt = report.started(copyId);
  const samples: Sample[] = [];
  let polls = 0;
  let pollsSinceWake: number | null = null;
  let failedPolls = 0;
  let overdue = false;
  let due = isPending ? firstPollAt(startedAt) : null;
  if (due !== null) report.waiting(null, due);

  for (;;) {
    if (due !== null) {
      const { abort, wake } = yield* context.waits.until(due);
      if (abort) report.aborting();
      if (wake) pollsSinceWake = 0;
      else if (pollsSinceWake !== null) pollsSinceWake++;
    }
    const activity = report.abortRequested() || overdue ? activities.abort : activities.read;
    const status: CopyStatus = yield* context.call(activity, { ...context.copyRef, plan, copyId });
    if (isFinal(status)) {
      report.finished(status);
      return overdue && !report.abortRequested() ? toTimedOut(status, copyId) : status;
    }
    const now = context.now();
    // From the next poll on the copy is aborted.
    overdue ||= now >= startedAt + maxCopyMs;
    // The polls before an abort must not delay those after it.
    polls = report.abortRequested() ? 0 : polls + 1;
    if (status.kind === "transient-failure") {
      if (overdue && failedPolls >= maxFailedPolls) return unobservable(status.failure, copyId);
      due = latest(
        retryAt(now, ++failedPolls, status.retryAfterSeconds, maxWaitMs),
        plusMs(now, minSpacingMs({ startedAt, polls, now })),
      );
      report.pollFailed(status, due);
    } else {
      failedPolls = 0;
      samples.push({ at: now, progress: status.progress });
      const seen = forecast(samples, startedAt);
      due = nextPollAt({ startedAt, samples, forecast: seen, polls, pollsSinceWake, now });
      report.polled(status, { forecast: seen, startedAt, nextReadAt: due });
    }
  }
}

/** Reports an abort that Ferry made because of the time as a failure. */
function toTimedOut(status: FinalCopyStatus, copyId: CopyId): FinalCopyStatus {
  if (status.kind !== "aborted") return status;
  const message = `Cannot finish the copy because it was pending for more than two weeks: copyId ${copyId}`;
  return { ...status, kind: "failed", failure: failure("copy-timed-out", message) };
}
