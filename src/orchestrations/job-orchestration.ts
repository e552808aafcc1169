import type { OrchestrationContext, Task } from "durable-functions";
import { minute, second } from "../copy/durations.ts";
import { earliest, fromDate, plusMs, toDate } from "../copy/time.ts";
import type { EpochMs } from "../copy/time.ts";
import { parseJobStep, refusedStep } from "../jobs/contract/job-input.ts";
import type { JobStepResult } from "../jobs/contract/job-input.ts";
import { activities } from "../names.ts";
import { timerFor } from "./waits.ts";

/**
 * The number of rounds after which the orchestration continues as new. A round adds at most eight events to its
 * history.
 */
const maxRounds = 100;
/** The maximum timer (ms), so that the activity soon reads the job's latest order. */
const maxTimerMs = minute;

/**
 * Runs a job in rounds: an activity works on it for at most a minute, and returns when the next round is due. The
 * orchestration waits for no event: the job's latest order is in its record, which the activity reads. No activity
 * and no timer is pending when it continues as new.
 */
export function* jobOrchestration(
  context: OrchestrationContext,
): Generator<Task, JobStepResult | undefined, unknown> {
  const step = parseJobStep(context.df.getInput());
  if (step === null) return refusedStep;
  const now = () => fromDate(context.df.currentUtcDateTime);
  let failures = 0;
  for (let round = 1; round <= maxRounds; round++) {
    let until: EpochMs | null = null;
    try {
      // The activity returns its type as JSON.
      const result = (yield context.df.callActivity(activities.job, step)) as JobStepResult;
      if (result.kind === "done") return result;
      if (result.kind === "wait") until = result.until;
      failures = 0;
    } catch {
      // The ledger was not reachable, or the activity could not run. The ledger contains the job's progress.
      until = plusMs(now(), second * 2 ** Math.min(++failures, 6));
    }
    if (until === null || until <= now()) continue;
    const due = earliest(until, plusMs(now(), maxTimerMs));
    yield context.df.createTimer(toDate(timerFor(due, now())));
  }
  context.df.continueAsNew(step);
  return undefined;
}
