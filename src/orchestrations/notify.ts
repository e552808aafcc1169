import { earliest, parseTime, plusMs } from "../copy/time.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import { notificationRetryAt, maxNotificationMs } from "../copy/polling/backoff.ts";
import type { NotifyInput, NotifyResult } from "../copy/contract/activities.ts";
import { activities } from "../names.ts";
import type { CopyContext, Orchestrated } from "./copy-context.ts";

/**
 * Sends the completion notification to the configured targets, with retries for a day. The outcome is visible before
 * the first notification is sent. `isRecorded`: the ledger has the outcome; without it there is only one attempt.
 */
export function* notifyCopy(
  context: CopyContext,
  outcome: Outcome,
  isRecorded: boolean,
): Orchestrated<void> {
  // Absent in the inputs of older releases, whose histories have no such activity.
  if (context.request.copy.notifies !== true) return;
  if (isRecorded) context.report.settled();
  // Counted from the outcome and not from the first attempt, so that a repair does not add another day.
  const deadline = plusMs(parseTime(outcome.settledAt), maxNotificationMs);
  let targets: string[] | null = null;
  for (let attempts = 1; ; attempts++) {
    const input: NotifyInput = { ...context.request, outcome, targets };
    const result: NotifyResult = yield* context.call(activities.notify, input);
    if (result.kind === "notified") return;
    targets = result.targets ?? targets;
    if (!isRecorded || context.now() >= deadline) return;
    yield* context.sleep(
      earliest(notificationRetryAt(context.now(), attempts, result.retryAfterSeconds), deadline),
    );
  }
}
