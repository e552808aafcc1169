import { failure } from "../copy/contract/failure.ts";
import { second } from "../copy/durations.ts";
import { parseTime } from "../copy/time.ts";
import { emit } from "../telemetry/scope.ts";
import { traceIdOf } from "../telemetry/trace-context.ts";
import type { NotifyInput, NotifyResult, ActivityContext } from "../copy/contract/activities.ts";
import type { ActivityDependencies } from "./support/dependencies.ts";
import { orTransient, transientFailure } from "./support/storage-call.ts";

/**
 * Sends the notification to all targets that have not received it yet, at least once. The copy stays in the
 * outbox until every target has accepted it.
 */
export function sendNotifications(
  deps: ActivityDependencies,
  input: NotifyInput,
  context: Pick<ActivityContext, "log">,
): Promise<NotifyResult> {
  return orTransient(() => sendToTargets(deps, input, context));
}

async function sendToTargets(
  deps: ActivityDependencies,
  input: NotifyInput,
  context: Pick<ActivityContext, "log">,
): Promise<NotifyResult> {
  const { notifications, ledger } = deps;
  const { instanceId } = input;
  const targets = input.targets ?? notifications.targets;
  const sent = await Promise.all(
    targets.map(async (target) => ({ target, ...(await notifications.send(target, input)) })),
  );
  const refused = sent.filter((each) => !each.ok);
  if (refused.length === 0) {
    await ledger.outbox.remove(instanceId);
    return { kind: "notified" };
  }
  const reasons = refused.map(({ target, reason }) => `${target}: ${reason}`).join(", ");
  context.log(
    `Copy ${instanceId} has ended, but its notification could not be sent now: ${reasons}`,
  );
  const waitedMs = deps.now() - parseTime(input.outcome.settledAt);
  emit("ferry.notification.refused", {
    instanceId,
    traceId: traceIdOf(input.copy.trace),
    targets: refused.map(({ target }) => target),
    waitedSeconds: Math.max(0, waitedMs) / second,
  });
  const retryAfter = refused.map(({ retryAfterSeconds }) => retryAfterSeconds ?? 0);
  const message = `Cannot send the notification now: ${reasons}`;
  return {
    ...transientFailure(failure("internal", message), Math.max(...retryAfter)),
    targets: refused.map(({ target }) => target),
  };
}
