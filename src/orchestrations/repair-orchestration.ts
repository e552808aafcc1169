import type { OrchestrationContext, Task } from "durable-functions";
import { failure } from "../copy/contract/failure.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import { upgradeCopyInput } from "../copy/contract/activities.ts";
import type { RepairInput } from "../copy/contract/activities.ts";
import { followCopy } from "./follow.ts";
import { createCopyContext } from "./copy-context.ts";
import type { CopyContext } from "./copy-context.ts";
import { finishCopy } from "./finish.ts";
import type { FinishInput } from "./finish.ts";

/**
 * Takes over a copy whose own run Durable failed, terminated or lost: a copy that Storage still works
 * on is followed to its end, or aborted where that was asked for, then settled as its own run would
 * have done. Nothing is ever started here. What a late activity of the old run still does is harmless:
 * every step is safe to run twice, and settle closes the lock to starts.
 */
export function* repairOrchestration(
  context: OrchestrationContext,
): Generator<Task, Outcome, unknown> {
  const input = context.df.getInput<RepairInput>();
  const { plan, copyId, settlement, instanceId, record } = input;
  const former = { instanceId, record: settlement?.record ?? record };
  const run = createCopyContext(context, upgradeCopyInput(input.copy), former);

  if (settlement !== null) return yield* finishCopy(run, endOf(settlement));
  if (plan === null || copyId === null) {
    return yield* finishCopy(run, { plan, started: null, result: notStarted(run, instanceId) });
  }
  const started = { plan, copyId };
  return yield* finishCopy(run, { plan, started, result: yield* followCopy(run, started) });
}

/** The old run knew how the copy ended: what it had begun to clean up would read as somebody's deed. */
function endOf({ plan, copyId, result }: NonNullable<RepairInput["settlement"]>): FinishInput {
  const started = plan === null || copyId === null ? null : { plan, copyId };
  return { plan, started, result };
}

function notStarted(run: CopyContext, instanceId: string): FinishInput["result"] {
  if (run.report.abortRequested()) return { kind: "aborted-before-start" };
  const message = `Cannot start the copy as its orchestration was broken off: ${instanceId}`;
  return { kind: "not-started", failure: failure("internal", message) };
}
