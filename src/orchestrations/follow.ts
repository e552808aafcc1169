import type { CopyId } from "../copy/contract/ids.ts";
import { earliest, latest, plusMs } from "../copy/time.ts";
import type { EpochMs } from "../copy/time.ts";
import { isFinal } from "../copy/contract/copy-status.ts";
import type { CopyStatus, FinalCopyStatus } from "../copy/contract/copy-status.ts";
import { failure } from "../copy/contract/failure.ts";
import { unobservable } from "../copy/decisions/read-status.ts";
import { day, hour } from "../copy/durations.ts";
import { retryAt } from "../copy/polling/backoff.ts";
import {
  firstPollAt,
  followUpsAfter,
  maxWaitMs,
  nextPollAt,
  minSpacingMs,
} from "../copy/polling/poll-policy.ts";
import { forecast } from "../copy/polling/forecast.ts";
import type { Sample } from "../copy/polling/forecast.ts";
import type { StartedCopy } from "../copy/contract/activities.ts";
import { activities } from "../names.ts";
import type { CopyContext, Orchestrated } from "./copy-context.ts";

/** Storage itself fails a copy after two weeks ("Copy Blob"); after this grace period Ferry aborts it. */
const maxCopyMs = 14 * day + 12 * hour;

/** The maximum number of ETags of the destination that cause further polls, because each costs three polls. */
const maxFollowedEtags = 3;

/** How many consecutive polls may fail before Ferry gives up on an overdue copy. */
const maxFailedPolls = 8;

/**
 * Polls the destination until Storage reports a final status; aborts the copy if a caller requested it or if the copy
 * is overdue. `known`: the status that Storage has just reported. If it is final, there is no poll; if it is pending,
 * the first poll can wait.
 */
export function* followCopy(
  context: CopyContext,
  { plan, copyId }: StartedCopy,
  known: CopyStatus | null = null,
): Orchestrated<FinalCopyStatus> {
  const { report } = context;
  const startedAt = report.started(copyId);
  if (known !== null && isFinal(known)) {
    report.finished(known, earliest(known.readAt ?? context.now(), context.now()));
    return known;
  }
  const samples: Sample[] = [];
  let polls = 0;
  let failedPolls = 0;
  let overdue = false;
  /** The next planned poll; a wake never moves it to a later time. */
  let due = known?.kind === "pending" ? firstPollAt(startedAt) : null;
  const followUps = createFollowUps();
  if (due !== null) report.waiting(null, due);

  for (;;) {
    let etags: readonly string[] = [];
    let isExtra = false;
    if (due !== null) {
      const next = followUps.next(due);
      const { abort, wake } = yield* context.waits.until(next);
      if (abort) report.aborting();
      etags = wake?.etags ?? [];
      isExtra = context.now() < due && (wake !== null || next < due);
    }
    const askedAt = context.now();
    const activity = report.abortRequested() || overdue ? activities.abort : activities.read;
    const status: CopyStatus = yield* context.call(activity, { ...context.copyRef, plan, copyId });
    const now = context.now();
    // The activity's host may have a different clock, but the read happened between the call and the result.
    const readAt = latest(askedAt, earliest(status.readAt ?? now, now));
    if (isFinal(status)) {
      report.finished(status, readAt);
      return overdue && !report.abortRequested() ? toTimedOut(status, copyId) : status;
    }
    // From the next poll on, the copy is aborted.
    overdue ||= now >= startedAt + maxCopyMs;
    if (report.abortRequested()) polls = 0; // polls before an abort must not delay later ones
    else if (!isExtra) polls++;
    // An extra poll may bring the planned one forward.
    const planFor = (at: EpochMs) => (isExtra && due !== null ? earliest(due, at) : at);
    if (status.kind === "transient-failure") {
      if (overdue && failedPolls >= maxFailedPolls) return unobservable(status.failure, copyId);
      const retry = retryAt(now, ++failedPolls, status.retryAfterSeconds, maxWaitMs);
      due = planFor(latest(retry, plusMs(now, minSpacingMs({ startedAt, polls, now }))));
      report.pollFailed(status, due);
    } else {
      failedPolls = 0;
      samples.push({ at: readAt, progress: status.progress });
      const seen = forecast(samples, startedAt);
      const next = { startedAt, samples, forecast: seen, polls, now: readAt };
      // The wait starts at the read, even if its result came late: a poll that is already due is made immediately.
      due = planFor(latest(nextPollAt(next), now));
      followUps.polled(readAt, etags.includes(status.etag ?? "") ? (status.etag ?? null) : null);
      const nextReadAt = followUps.next(due);
      report.polled(status, { forecast: seen, startedAt, readAt, nextReadAt });
    }
  }
}

/**
 * The polls after a wake whose event has the ETag of the destination: the event of a copy's start, or one that came
 * slightly early. A wake with a different ETag, which may be forged, causes only one poll.
 */
function createFollowUps() {
  const followed = new Set<string>();
  let planned: EpochMs[] = [];
  return {
    /** The next poll: `due`, or earlier. */
    next: (due: EpochMs): EpochMs => earliest(due, ...planned),
    /** A poll found the copy pending; `etag`: the destination's, if the event of a wake has the same one. */
    polled(readAt: EpochMs, etag: string | null) {
      planned = planned.filter((at) => at > readAt);
      if (etag === null || followed.has(etag) || followed.size === maxFollowedEtags) return;
      followed.add(etag);
      planned = followUpsAfter(readAt);
    },
  };
}

/** Reports as a failure an abort that Ferry requested because the copy took too long. */
function toTimedOut(status: FinalCopyStatus, copyId: CopyId): FinalCopyStatus {
  if (status.kind !== "aborted") return status;
  const message = `Cannot finish the copy because it was pending for more than two weeks: copyId ${copyId}`;
  return { ...status, kind: "failed", failure: failure("copy-timed-out", message) };
}
