import { failure } from "../copy/contract/failure.ts";
import type { Failure } from "../copy/contract/failure.ts";
import type { CopyResult, Outcome } from "../copy/contract/outcome.ts";
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
  /** `isPending`: Storage has just said so. */
  | { kind: "started"; plan: CopyPlan; started: StartedCopy; isPending: boolean }
  /** `plan` is what an unanswered start may have begun after all, or else the last one. */
  | { kind: "not-started"; plan: CopyPlan | null; result: CopyResult }
  /** An earlier run under this instance id came to its end. */
  | { kind: "ended"; outcome: Outcome };

/** Starts that lost their conditions to other writers before the copy is given up. */
const maxPlans = 3;

/**
 * How long another copy is waited for: Storage ends every copy after two weeks ("Copy Blob"). One onto
 * the source gets a day more, for the look after its end.
 */
const maxBusyMs = { destination: 14 * 86_400_000, source: 15 * 86_400_000 } as const;

/**
 * Prepares and starts, again when overtaken, unanswered or while another copy is in the way, unless an
 * abort comes first.
 */
export function* beginCopy(run: CopyContext): Orchestrated<BeginResult> {
  let plan: CopyPlan | null = null;
  let unanswered: CopyPlan | null = null;
  let plans = 0;
  let busySince: number | null = null;
  let busyTries = 0;
  let awaited: string | undefined;
  for (let tries = 1; ; tries++) {
    const result: PrepareResult | StartResult =
      plan === null
        ? yield* run.call(activities.prepare, {
            ...run.request,
            ...(awaited === undefined ? {} : { awaitedCopyId: awaited }),
          })
        : // The same plan again: a start whose answer was lost is found, not repeated.
          yield* run.call(activities.start, { ...run.request, plan });
    let due = run.now(); // a race with a timer due now sees an abort that was sent meanwhile
    switch (result.kind) {
      case "ended":
        return { kind: "ended", outcome: result.outcome };
      case "started": {
        const { started, copyStatus } = result;
        return {
          kind: "started",
          plan: started.plan,
          started,
          isPending: copyStatus === "pending",
        };
      }
      case "skip":
        return notStarted(unanswered ?? plan, { kind: "skipped", reason: result.reason });
      case "failed":
        return notStarted(unanswered ?? plan, { kind: "not-started", failure: result.failure });
      case "planned":
        plan = result.plan;
        break;
      case "stale-plan":
        if (++plans === maxPlans) {
          return notStarted(unanswered ?? plan, {
            kind: "not-started",
            failure: givenUp(result.failure),
          });
        }
        plan = null;
        break;
      case "busy": {
        busySince ??= run.now();
        awaited = result.awaitedCopyId ?? awaited;
        const givenUpAt = busySince + maxBusyMs[result.endpoint];
        if (run.now() >= givenUpAt) {
          return notStarted(unanswered ?? plan, {
            kind: "not-started",
            failure: tooLongBusy(result),
          });
        }
        due = Math.min(busyRetryAt(run.now(), { since: busySince, tries: ++busyTries }), givenUpAt);
        run.report.waiting(result.waitsFor, due);
        tries = 0; // Storage answered: what counts is how often in a row it does not
        break;
      }
      case "transient-failure": {
        unanswered = plan ?? unanswered;
        if (tries >= maxAttempts) {
          return notStarted(unanswered ?? plan, { kind: "not-started", failure: result.failure });
        }
        due = retryAt(run.now(), tries, result.retryAfterSeconds);
        run.report.waiting(result.failure.message, due);
      }
    }
    const { abort } = yield* run.waits.until(due);
    if (abort) {
      run.report.aborting();
      return notStarted(unanswered ?? plan, { kind: "aborted-before-start" });
    }
  }
}

function tooLongBusy({ endpoint, failure: last }: Busy): Failure {
  const days = maxBusyMs[endpoint] / 86_400_000;
  return { ...last, message: `${last.message}; waited ${days} days` };
}

/** Conditions lost time and again: the cause is not that the destination exists, but that it changes. */
function givenUp(last: Failure): Failure {
  if (last.cause !== "destination-exists") return last;
  const message = `Cannot start the copy as the destination changed after each of ${maxPlans} plans`;
  return failure("destination-busy", message, last.storage);
}

type NotStarted = Extract<CopyResult, { kind: "aborted-before-start" | "skipped" | "not-started" }>;

function notStarted(plan: CopyPlan | null, result: NotStarted): BeginResult {
  return { kind: "not-started", plan, result };
}
