import type { OrchestrationContext, Task } from "durable-functions";
import type { Outcome } from "../copy/contract/outcome.ts";
import { isInstanceId } from "../copy/contract/ids.ts";
import { parseCopyInput, refusedOutcome } from "../copy/contract/strict-input.ts";
import { fromDate } from "../copy/time.ts";
import { beginCopy } from "./begin.ts";
import { followCopy } from "./follow.ts";
import { notifyCopy } from "./notify.ts";
import { createCopyContext } from "./copy-context.ts";
import { finishCopy } from "./finish.ts";

/**
 * One copy, from its request to its outcome:
 *
 * 1. begin: plan and start the copy; repeat this while the plan is stale, the destination is busy or Storage does not
 *    respond. An abort, a skip or a failure leads to step 3.
 * 2. follow: wait and read the destination until Storage reports a final status; ask Storage to abort the copy when an
 *    abort was requested or the copy takes more than two weeks.
 * 3. finish: settle the copy (clean up, record the outcome, release the lock), then send notifications. If settle
 *    finds the copy of a start that got no response, go back to step 2.
 *
 * Decisions are pure functions in `copy/`, side effects are activities.
 */
export function* copyOrchestration(
  context: OrchestrationContext,
): Generator<Task, Outcome, unknown> {
  const input = parseCopyInput(context.df.getInput());
  // Calls no activity: Ferry did not start this instance, so its id must not become a name in the ledger.
  if (input === null || !isInstanceId(context.df.instanceId)) {
    return refusedOutcome(fromDate(context.df.currentUtcDateTime));
  }
  const copyContext = createCopyContext(context, input);

  const begun = yield* beginCopy(copyContext);
  if (begun.kind === "ended") return begun.outcome;
  if (begun.kind === "settled") {
    yield* notifyCopy(copyContext, begun.outcome, true);
    return begun.outcome;
  }
  const { kept } = begun;
  if (begun.kind === "not-started") {
    return yield* finishCopy(copyContext, { started: null, result: begun.result, kept });
  }
  const { started, status } = begun;
  const result = yield* followCopy(copyContext, started, status);
  return yield* finishCopy(copyContext, { started, result, kept });
}
