import { failure } from "../copy/contract/failure.ts";
import type { Failure } from "../copy/contract/failure.ts";
import type { Ending, Outcome } from "../copy/contract/outcome.ts";
import { busyAgainAt, retryAt } from "../copy/polling/backoff.ts";
import type {
  Busy,
  CopyPlan,
  Prepared,
  Started,
  StartedCopy,
} from "../copy/contract/activities.ts";
import { activities } from "../names.ts";
import { mostTries } from "./copy-context.ts";
import type { Run, Turns } from "./copy-context.ts";

export type Begun =
  /** `isPending`: Storage has just said so. */
  | { kind: "started"; plan: CopyPlan; started: StartedCopy; isPending: boolean }
  /** `plan` is what an unanswered start may have begun after all, or else the last one. */
  | { kind: "not-started"; plan: CopyPlan | null; ending: Ending }
  /** An earlier run under this instance id came to its end. */
  | { kind: "ended"; outcome: Outcome };

/** Starts that lost their conditions to other writers before the copy is given up. */
const mostPlans = 3;

/**
 * How long another copy is waited for: Storage ends every copy after two weeks ("Copy Blob"). One onto
 * the source gets a day more, for the look after its end.
 */
const longestBusy = { destination: 14 * 86_400_000, source: 15 * 86_400_000 } as const;

/**
 * Prepares and starts, again when overtaken, unanswered or while another copy is in the way, unless an
 * abort comes first.
 */
export function* beginCopy(run: Run): Turns<Begun> {
  let plan: CopyPlan | null = null;
  let unanswered: CopyPlan | null = null;
  let plans = 0;
  let busySince: number | null = null;
  let busyTries = 0;
  let awaited: string | undefined;
  for (let tries = 1; ; tries++) {
    const result: Prepared | Started =
      plan === null
        ? yield* run.call(activities.prepare, {
            ...run.request,
            ...(awaited === undefined ? {} : { awaited }),
          })
        : // The same plan again: a start whose answer was lost is found, not repeated.
          yield* run.call(activities.start, { ...run.request, plan });
    let due = run.now(); // a race with a timer due now sees an abort that was sent meanwhile
    switch (result.state) {
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
        return notStarted(unanswered ?? plan, { why: "skipped", reason: result.reason });
      case "failed":
        return notStarted(unanswered ?? plan, { why: "failed", failure: result.failure });
      case "planned":
        plan = result.plan;
        break;
      case "overtaken":
        if (++plans === mostPlans) {
          return notStarted(unanswered ?? plan, {
            why: "failed",
            failure: givenUp(result.failure),
          });
        }
        plan = null;
        break;
      case "busy": {
        busySince ??= run.now();
        awaited = result.awaits ?? awaited;
        const givenUpAt = busySince + longestBusy[result.end];
        if (run.now() >= givenUpAt) {
          return notStarted(unanswered ?? plan, { why: "failed", failure: tooLongBusy(result) });
        }
        due = Math.min(busyAgainAt(run.now(), { since: busySince, tries: ++busyTries }), givenUpAt);
        run.report.waiting(result.waitsFor, due);
        tries = 0; // Storage answered: what counts is how often in a row it does not
        break;
      }
      case "trouble": {
        unanswered = plan ?? unanswered;
        if (tries >= mostTries) {
          return notStarted(unanswered ?? plan, { why: "failed", failure: result.failure });
        }
        due = retryAt(run.now(), tries, result.retryAfterSeconds);
        run.report.waiting(result.failure.message, due);
      }
    }
    const { abort } = yield* run.waits.until(due);
    if (abort) {
      run.report.aborting();
      return notStarted(unanswered ?? plan, { why: "aborted" });
    }
  }
}

function tooLongBusy({ end, failure: last }: Busy): Failure {
  const days = longestBusy[end] / 86_400_000;
  return { ...last, message: `${last.message}; waited ${days} days` };
}

/** Conditions lost time and again: the cause is not that the destination exists, but that it changes. */
function givenUp(last: Failure): Failure {
  if (last.cause !== "destination-exists") return last;
  const message = `Cannot start the copy as the destination changed after each of ${mostPlans} plans`;
  return failure("destination-busy", message, last.storage);
}

type NotStarted =
  | { why: "aborted" }
  | { why: "skipped"; reason: string }
  | { why: "failed"; failure: Failure };

function notStarted(plan: CopyPlan | null, why: NotStarted): Begun {
  return { kind: "not-started", plan, ending: { state: "not-started", ...why } };
}
