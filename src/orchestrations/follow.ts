import { hasEnded } from "../copy/contract/copy-status.ts";
import type { CopyStatus, EndedCopyStatus } from "../copy/contract/copy-status.ts";
import { failure } from "../copy/contract/failure.ts";
import { outOfSight } from "../copy/decisions/read-status.ts";
import { retryAt } from "../copy/polling/backoff.ts";
import { firstReadAt, longestWait, nextReadAt, spacing } from "../copy/polling/poll-policy.ts";
import { forecast } from "../copy/polling/forecast.ts";
import type { Observation } from "../copy/polling/forecast.ts";
import type { StartedCopy } from "../copy/contract/activities.ts";
import { activities } from "../names.ts";
import type { Run, Turns } from "./copy-context.ts";

/** Storage ends a copy after two weeks by itself ("Copy Blob"); after this grace we ask it to. */
const longestCopy = 14 * 86_400_000 + 12 * 3_600_000;

/** Looks in a row that nobody answered, after which a copy that is over anyway is given up. */
const mostBlindLooks = 8;

/**
 * Looks at the destination until Storage has ended the copy, and asks it to once an abort came. A copy
 * that Storage has just called pending is not looked at at once.
 */
export function* followCopy(
  run: Run,
  { plan, copyId }: StartedCopy,
  { isPending } = { isPending: false },
): Turns<EndedCopyStatus> {
  const startedAt = run.report.started(copyId);
  const observations: Observation[] = [];
  let reads = 0;
  let readsSinceWake: number | null = null;
  let unanswered = 0;
  let overdue = false;
  let due = isPending ? firstReadAt(startedAt) : null;
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
    if (hasEnded(status)) {
      run.report.ended(status);
      return overdue && !run.report.abortRequested() ? timedOut(status, copyId) : status;
    }
    // The look that found it overdue was a read; from now on Storage is asked to end it.
    const now = run.now();
    overdue ||= now >= startedAt + longestCopy;
    // An abort is not kept waiting by all the looks before it.
    reads = run.report.abortRequested() ? 0 : reads + 1;
    if (status.state === "trouble") {
      if (overdue && unanswered >= mostBlindLooks) return outOfSight(status.failure, copyId);
      due = Math.max(
        retryAt(now, ++unanswered, status.retryAfterSeconds, longestWait),
        now + spacing({ startedAt, reads, now }),
      );
      run.report.unanswered(status, due);
    } else {
      unanswered = 0;
      observations.push({ at: now, progress: status.progress });
      const seen = forecast(observations, startedAt);
      due = nextReadAt({ startedAt, observations, seen, reads, readsSinceWake, now });
      run.report.looked(status, { seen, startedAt, nextReadAt: due });
    }
  }
}

/** An abort that nobody but time asked for. */
function timedOut(status: EndedCopyStatus, copyId: string): EndedCopyStatus {
  if (status.state !== "aborted") return status;
  const message = `Cannot finish the copy as it was pending for more than two weeks: copyId ${copyId}`;
  return { ...status, state: "failed", failure: failure("copy-timed-out", message) };
}
