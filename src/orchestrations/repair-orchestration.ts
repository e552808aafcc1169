import type { OrchestrationContext, Task } from "durable-functions";
import { failure } from "../copy/contract/failure.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import { copyInputOf } from "../copy/contract/activities.ts";
import type { RepairInput } from "../copy/contract/activities.ts";
import { followCopy } from "./follow.ts";
import { createRun } from "./copy-context.ts";
import type { Run } from "./copy-context.ts";
import { finishCopy } from "./finish.ts";
import type { End } from "./finish.ts";

/**
 * Takes over a copy whose own run Durable failed, terminated or lost: a copy that Storage still works
 * on is followed to its end, or aborted where that was asked for, then settled as its own run would
 * have done. Nothing is ever started here. What a late activity of the old run still does is harmless:
 * every step is safe to run twice, and settle closes the slot to starts.
 */
export function* repairOrchestration(
  context: OrchestrationContext,
): Generator<Task, Outcome, unknown> {
  const input = context.df.getInput<RepairInput>();
  const { plan, copyId, closing, instanceId, record } = input;
  const former = { instanceId, record: closing?.record ?? record };
  const run = createRun(context, copyInputOf(input.copy), former);

  if (closing !== null) return yield* finishCopy(run, endOf(closing));
  if (plan === null || copyId === null) {
    return yield* finishCopy(run, { plan, started: null, ending: notStarted(run, instanceId) });
  }
  const started = { plan, copyId };
  return yield* finishCopy(run, { plan, started, ending: yield* followCopy(run, started) });
}

/** The old run knew how the copy ended: what it had begun to clean up would read as somebody's deed. */
function endOf({ plan, copyId, ending }: NonNullable<RepairInput["closing"]>): End {
  const started = plan === null || copyId === null ? null : { plan, copyId };
  return { plan, started, ending };
}

function notStarted(run: Run, instanceId: string): End["ending"] {
  if (run.report.abortRequested()) return { state: "not-started", why: "aborted" };
  const message = `Cannot start the copy as its orchestration was broken off: ${instanceId}`;
  return { state: "not-started", why: "failed", failure: failure("internal", message) };
}
