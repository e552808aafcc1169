import type { CopyId } from "../copy/contract/ids.ts";
import { earliest, plusMs } from "../copy/time.ts";
import type { EpochMs } from "../copy/time.ts";
import { failure } from "../copy/contract/failure.ts";
import type { Failure } from "../copy/contract/failure.ts";
import type { CopyResult, Outcome } from "../copy/contract/outcome.ts";
import { day, hour } from "../copy/durations.ts";
import { busyRetryAt, retryAt } from "../copy/polling/backoff.ts";
import type {
  Busy,
  CopyPlan,
  PrepareResult,
  StartResult,
  StartedCopy,
} from "../copy/contract/activities.ts";
import { activities } from "../names.ts";
import { maxAttempts } from "./copy-context.ts";
import type { CopyContext, Orchestrated } from "./copy-context.ts";

export type BeginResult =
  /** `isPending`: Storage has just reported that status. */
  | { kind: "started"; plan: CopyPlan; started: StartedCopy; isPending: boolean }
  /** `plan`: the plan of a start that got no response and may have started the copy, or else the last plan. */
  | { kind: "not-started"; plan: CopyPlan | null; result: CopyResult }
  /** An earlier execution of this instance has settled the copy. */
  | { kind: "ended"; outcome: Outcome };

/** How many plans may become stale before the copy fails. */
const maxPlans = 3;

/**
 * How long to wait for another copy (ms): Storage fails every copy after two weeks ("Copy Blob"). A copy onto the
 * source gets another day, because it may be polled as late as that.
 */
const maxBusyMs = { destination: 14 * day, source: 15 * day } as const;

/**
 * How long a copy still waits after that (ms): it is woken, or polls once more, before it gives up, because an outage may
 * have hidden the end of the other copy. The first in the queue, which has waited longest, gives up last.
 */
const lastWaitMs = { others: hour, first: day } as const;

/**
 * Prepares and starts the copy. Repeats that while the plan is stale, another copy is in the way or Storage does not
 * respond, until an abort is requested or a limit is reached.
 */
export function* beginCopy(context: CopyContext): Orchestrated<BeginResult> {
  let plan: CopyPlan | null = null;
  let unansweredPlan: CopyPlan | null = null;
  let plans = 0;
  let busySince: EpochMs | null = null;
  let busyAttempts = 0;
  let lateSince: EpochMs | null = null;
  let awaitedCopyId: CopyId | undefined;
  for (let attempts = 1; ; attempts++) {
    const result: PrepareResult | StartResult =
      plan === null
        ? yield* context.call(activities.prepare, {
            ...context.request,
            ...(awaitedCopyId === undefined ? {} : { awaitedCopyId }),
            ...(lateSince === null ? {} : { asksPosition: true }),
          })
        : // The same plan again after a lost response: start recognizes the copy and does not repeat it.
          yield* context.call(activities.start, { ...context.request, plan });
    let due = context.now(); // racing a timer that is already due shows an abort that has arrived
    switch (result.kind) {
      case "ended":
        return { kind: "ended", outcome: result.outcome };
      case "abort-requested":
        context.report.aborting();
        return notStarted(unansweredPlan ?? plan, { kind: "aborted-before-start" });
      case "started": {
        const { started, copyStatus } = result;
        const isPending = copyStatus === "pending";
        return { kind: "started", plan: started.plan, started, isPending };
      }
      case "skip":
        return notStarted(unansweredPlan ?? plan, { kind: "skipped", reason: result.reason });
      case "failed":
        return notStarted(unansweredPlan ?? plan, failed(result.failure));
      case "planned":
        plan = result.plan;
        break;
      case "stale-plan":
        if (++plans === maxPlans) {
          return notStarted(unansweredPlan ?? plan, failed(tooManyPlans(result.failure)));
        }
        plan = null;
        break;
      case "busy": {
        busySince ??= context.now();
        awaitedCopyId = result.awaitedCopyId ?? awaitedCopyId;
        let deadline = plusMs(busySince, maxBusyMs[result.endpoint]);
        if (context.now() >= deadline) {
          lateSince ??= context.now();
          deadline = plusMs(lateSince, lastWaitMs[result.isFirst === true ? "first" : "others"]);
          if (context.now() >= deadline) {
            return notStarted(unansweredPlan ?? plan, failed(busyTooLong(result)));
          }
        }
        const { instanceId } = context.request;
        const wait = { since: busySince, tries: ++busyAttempts, instanceId };
        due = earliest(busyRetryAt(context.now(), wait), deadline);
        context.report.waiting(result.waitsFor, due);
        attempts = 0; // Storage responded: only consecutive attempts without a response are limited
        break;
      }
      case "transient-failure": {
        unansweredPlan = plan ?? unansweredPlan;
        if (attempts >= maxAttempts) {
          return notStarted(unansweredPlan ?? plan, failed(result.failure));
        }
        due = retryAt(context.now(), attempts, result.retryAfterSeconds);
        context.report.waiting(result.failure.message, due);
      }
    }
    const { abort } = yield* context.waits.until(due);
    if (abort) {
      context.report.aborting();
      return notStarted(unansweredPlan ?? plan, { kind: "aborted-before-start" });
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

function notStarted(plan: CopyPlan | null, result: NotStarted): BeginResult {
  return { kind: "not-started", plan, result };
}
