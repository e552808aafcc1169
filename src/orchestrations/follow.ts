import { isFinal } from "../copy/contract/copy-status.ts";
import type { CopyStatus, FinalCopyStatus } from "../copy/contract/copy-status.ts";
import { failure } from "../copy/contract/failure.ts";
import { unobservable } from "../copy/decisions/read-status.ts";
import { retryAt } from "../copy/polling/backoff.ts";
import { firstPollAt, maxWaitMs, nextPollAt, minSpacingMs } from "../copy/polling/poll-policy.ts";
import { forecast } from "../copy/polling/forecast.ts";
import type { Sample } from "../copy/polling/forecast.ts";
import type { StartedCopy } from "../copy/contract/activities.ts";
import { activities } from "../names.ts";
import type { CopyContext, Orchestrated } from "./copy-context.ts";

/** Storage ends a copy after two weeks by itself ("Copy Blob"); after this grace we ask it to. */
const maxCopyMs = 14 * 86_400_000 + 12 * 3_600_000;

/** Looks in a row that nobody answered, after which a copy that is over anyway is given up. */
const maxFailedPolls = 8;

/**
 * Looks at the destination until Storage has ended the copy, and asks it to once an abort came. A copy
 * that Storage has just called pending is not looked at at once.
 */
export function* followCopy(
  run: CopyContext,
  { plan, copyId }: StartedCopy,
  { isPending } = { isPending: false },
): Orchestrated<FinalCopyStatus> {
  const startedAt = run.report.started(copyId);
  const observations: Sample[] = [];
  let reads = 0;
  let readsSinceWake: number | null = null;
  let unanswered = 0;
  let overdue = false;
  let due = isPending ? firstPollAt(startedAt) : null;
  if (due !== null) run.report.waiting(null, due);

  for (;;) {
    if (due !== null) {
      const { abort, wake } = yield* run.waits.until(due);
      if (abort) run.report.aborting();
      if (wake) readsSinceWake = 0;
      else if (readsSinceWake !== null) readsSinceWake++;
    }
    const look = run.report.abortRequested() || overdue ? activities.abort : activities.read;
    const status: CopyStatus = yield* run.call(look, { ...run.step, plan, copyId });
    if (isFinal(status)) {
      run.report.finished(status);
      return overdue && !run.report.abortRequested() ? timedOut(status, copyId) : status;
    }
    // The look that found it overdue was a read; from now on Storage is asked to end it.
    const now = run.now();
    overdue ||= now >= startedAt + maxCopyMs;
    // An abort is not kept waiting by all the looks before it.
    reads = run.report.abortRequested() ? 0 : reads + 1;
    if (status.kind === "transient-failure") {
      if (overdue && unanswered >= maxFailedPolls) return unobservable(status.failure, copyId);
      due = Math.max(
        retryAt(now, ++unanswered, status.retryAfterSeconds, maxWaitMs),
        now + minSpacingMs({ startedAt, polls: reads, now }),
      );
      run.report.pollFailed(status, due);
    } else {
      unanswered = 0;
      observations.push({ at: now, progress: status.progress });
      const seen = forecast(observations, startedAt);
      due = nextPollAt({
        startedAt,
        samples: observations,
        forecast: seen,
        polls: reads,
        pollsSinceWake: readsSinceWake,
        now,
      });
      run.report.polled(status, { forecast: seen, startedAt, nextReadAt: due });
    }
  }
}

/** An abort that nobody but time asked for. */
function timedOut(status: FinalCopyStatus, copyId: string): FinalCopyStatus {
  if (status.kind !== "aborted") return status;
  const message = `Cannot finish the copy as it was pending for more than two weeks: copyId ${copyId}`;
  return { ...status, kind: "failed", failure: failure("copy-timed-out", message) };
}
