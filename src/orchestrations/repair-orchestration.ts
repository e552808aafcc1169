import type { OrchestrationContext, Task } from "durable-functions";
import type { InstanceId } from "../copy/contract/ids.ts";
import { failure } from "../copy/contract/failure.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import { parseRepairInput, refusedOutcome } from "../copy/contract/strict-input.ts";
import { fromDate } from "../copy/time.ts";
import type { RepairInput } from "../copy/contract/activities.ts";
import { followCopy } from "./follow.ts";
import { createCopyContext } from "./copy-context.ts";
import type { CopyContext } from "./copy-context.ts";
import { finishCopy } from "./finish.ts";
import type { FinishInput } from "./finish.ts";

/**
 * Takes over a copy whose own instance failed, was terminated or was purged:
 *
 * 1. If the instance was already settling the copy, continue with that.
 * 2. If Storage may still be copying, follow the copy, and abort it if that was requested.
 * 3. Settle the copy as the copy's instance would have done, then send notifications.
 *
 * A repair never starts a copy. Activities of the former instance that still run are harmless: each is safe to run
 * again, and settle fences the lock against further start attempts.
 */
export function* repairOrchestration(
  context: OrchestrationContext,
): Generator<Task, Outcome, unknown> {
  const input = parseRepairInput(context.df.getInput());
  if (input === null) return refusedOutcome(fromDate(context.df.currentUtcDateTime));
  const { plan, copyId, settlement, instanceId, record } = input;
  const former = { instanceId, record: settlement?.record ?? record };
  const copyContext = createCopyContext(context, input.copy, former);

  if (settlement !== null) return yield* finishCopy(copyContext, toFinishInput(settlement));
  if (plan === null || copyId === null) {
    const result = notStarted(copyContext, instanceId);
    return yield* finishCopy(copyContext, { started: null, result, kept: null });
  }
  const started = { plan, copyId };
  const result = yield* followCopy(copyContext, started);
  return yield* finishCopy(copyContext, { started, result, kept: null });
}

/**
 * The former instance had recorded the result. Reading Storage again would mistake our own partial clean-up for
 * another writer's change.
 */
function toFinishInput({
  plan,
  copyId,
  result,
}: NonNullable<RepairInput["settlement"]>): FinishInput {
  const started = plan === null || copyId === null ? null : { plan, copyId };
  return { started, result, kept: null };
}

function notStarted({ report }: CopyContext, instanceId: InstanceId): FinishInput["result"] {
  if (report.abortRequested()) return { kind: "aborted-before-start" };
  const message = `Cannot start the copy because its orchestration failed, was terminated or was purged: ${instanceId}`;
  return { kind: "not-started", failure: failure("internal", message) };
}
