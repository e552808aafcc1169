import type { CopyId } from "../copy/contract/ids.ts";
import { earliest, plusMs } from "../copy/time.ts";
import type { EpochMs } from "../copy/time.ts";
import { failure } from "../copy/contract/failure.ts";
import type { Failure } from "../copy/contract/failure.ts";
import type { CopyResult, Outcome } from "../copy/contract/outcome.ts";
import { day, hour } from "../copy/durations.ts";
import { busyRetryAt, retryAt } from "../copy/polling/backoff.ts";
import type { CopyStatus } from "../copy/contract/copy-status.ts";
import type { Busy, KeptEtags, StartResult, StartedCopy } from "../copy/contract/activities.ts";
import { activities } from "../names.ts";
import { maxAttempts } from "./copy-context.ts";
import type { CopyContext, Orchestrated } from "./copy-context.ts";

export type BeginResult =
  /** `status`: Storage has just reported it; null if it is not known. */
  | { kind: "started"; started: StartedCopy; status: CopyStatus | null; kept: KeptEtags | null }
  | { kind: "not-started"; result: CopyResult; kept: KeptEtags | null }
  /** The copy was not started, or was completed by its start, and is settled. */
  | { kind: "settled"; outcome: Outcome }
  /** An earlier execution of this instance has settled the copy. */
  | { kind: "ended"; outcome: Outcome };

/** How many plans may become stale before the copy fails. */
const maxPlans = 3;

/**
 * How many ms to wait for another copy: Storage fails every copy after two weeks ("Copy Blob"). A copy onto the
 * source gets another day, because it may be polled as late as that.
 */
const maxBusyMs = { destination: 14 * day, source: 15 * day } as const;

/**
 * How many ms a copy still waits after that: it is woken, or polls once more, before it gives up, because an outage may
 * have hidden the end of the other copy. The first in the queue, which has waited longest, gives up last.
 */
const lastWaitMs = { others: hour, first: day } as const;

/**
 * Starts the copy. Tries again while the plan is stale, another copy blocks it or Storage does not respond, until an
 * abort is requested or a limit is reached.
 */
export function* beginCopy(context: CopyContext): Orchestrated<BeginResult> {
  let kept: KeptEtags | null = null;
  let plans = 0;
  let busySince: EpochMs | null = null;
  let busyAttempts = 0;
  let lateSince: EpochMs | null = null;
  let awaitedCopyId: CopyId | undefined;
  let failures = 0;
  const notStarted = (result: CopyResult): BeginResult => ({ kind: "not-started", result, kept });
  for (let attempt = 1; ; attempt++) {
    const result: StartResult = yield* context.call(activities.start, {
      ...context.request,
      attempt,
      kept,
      ...(awaitedCopyId === undefined ? {} : { awaitedCopyId }),
      ...(lateSince === null ? {} : { asksPosition: true }),
    });
    kept = "kept" in result ? (result.kept ?? null) : null;
    let due = context.now(); // racing a timer that is already due shows an abort that has arrived
    switch (result.kind) {
      case "settled":
      case "ended":
        return result;
      case "abort-requested":
        context.report.aborting();
        return notStarted({ kind: "aborted-before-start" });
      case "started": {
        const { started, status = null } = result;
        return { kind: "started", started, status, kept };
      }
      case "skip":
        return notStarted({ kind: "skipped", reason: result.reason });
      case "failed":
        return notStarted(failed(result.failure));
      case "stale-plan":
        failures = 0;
        if (++plans === maxPlans) return notStarted(failed(tooManyPlans(result.failure)));
        break;
      case "busy": {
        busySince ??= context.now();
        awaitedCopyId = result.awaitedCopyId ?? awaitedCopyId;
        let deadline = plusMs(busySince, maxBusyMs[result.endpoint]);
        if (context.now() >= deadline) {
          lateSince ??= context.now();
          deadline = plusMs(lateSince, lastWaitMs[result.isFirst === true ? "first" : "others"]);
          if (context.now() >= deadline) return notStarted(failed(busyTooLong(result)));
        }
        const { instanceId } = context.request;
        const wait = { since: busySince, tries: ++busyAttempts, instanceId };
        due = earliest(busyRetryAt(context.now(), wait), deadline);
        context.report.waiting(result.waitsFor, due);
        failures = 0; // Storage responded: only consecutive attempts without a response are limited
        break;
      }
      case "transient-failure": {
        if (++failures >= maxAttempts) return notStarted(failed(result.failure));
        due = retryAt(context.now(), failures, result.retryAfterSeconds);
        context.report.waiting(result.failure.message, due);
      }
    }
    const { abort } = yield* context.waits.until(due);
    if (abort) {
      context.report.aborting();
      return notStarted({ kind: "aborted-before-start" });
    }
  }
}

function busyTooLong({ endpoint, failure: last }: Busy): Failure {
  const days = maxBusyMs[endpoint] / day;
  return { ...last, message: `${last.message}; waited ${days} days` };
}

/** After repeated stale plans the problem is not that the destination exists, but that it keeps changing. */
function tooManyPlans(last: Failure): Failure {
  if (last.cause !== "destination-exists") return last;
  const message = `Cannot start the copy because the destination changed after each of ${maxPlans} plans`;
  return failure("destination-busy", message, last.storage);
}

type NotStarted = Extract<CopyResult, { kind: "aborted-before-start" | "skipped" | "not-started" }>;

function failed(reason: Failure): NotStarted {
  return { kind: "not-started", failure: reason };
}
