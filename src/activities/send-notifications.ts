import { failure } from "../copy/contract/failure.ts";
import type { NotifyInput, NotifyResult, ActivityContext } from "../copy/contract/activities.ts";
import type { ActivityDependencies } from "./support/dependencies.ts";
import { orTransient, transientFailure } from "./support/storage-call.ts";

/**
 * Tells how the copy ended, to all that are still to be told; twice rather than never. The ledger keeps
 * that somebody is to be told until everybody was.
 */
export function sendNotifications(
  deps: ActivityDependencies,
  step: NotifyInput,
  context: ActivityContext,
): Promise<NotifyResult> {
  return orTransient(() => sendToTargets(deps, step, context));
}

async function sendToTargets(
  { notifications, ledger }: ActivityDependencies,
  step: NotifyInput,
  context: ActivityContext,
): Promise<NotifyResult> {
  const { instanceId } = step;
  const targets = step.targets ?? notifications.targets;
  const sent = await Promise.all(
    targets.map(async (target) => ({ target, ...(await notifications.send(target, step)) })),
  );
  const refused = sent.filter((each) => !each.ok);
  if (refused.length === 0) {
    await ledger.outbox.remove(instanceId);
    return { kind: "notified" };
  }
  const reasons = refused.map(({ target, reason }) => `${target}: ${reason}`).join(", ");
  context.log(`Copy ${instanceId} has ended, and that could not be told now (${reasons})`);
  const retryAfter = refused.map(({ retryAfterSeconds }) => retryAfterSeconds ?? 0);
  const message = `Cannot tell how the copy ended now: ${reasons}`;
  return {
    ...transientFailure(failure("internal", message), Math.max(...retryAfter)),
    targets: refused.map(({ target }) => target),
  };
}
