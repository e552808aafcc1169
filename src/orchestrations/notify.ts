import { parseTime } from "../copy/time.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import { notificationRetryAt, maxNotificationMs } from "../copy/polling/backoff.ts";
import type { NotifyInput, NotifyResult } from "../copy/contract/activities.ts";
import { activities } from "../names.ts";
import type { CopyContext, Orchestrated } from "./copy-context.ts";

/**
 * Tells those whom settings name how the copy ended, for a day if need be. The copy has ended before
 * its first word of it, for everybody who looks: `kept` says that its outcome can be looked up.
 */
export function* notifyCopy(run: CopyContext, outcome: Outcome, kept: boolean): Orchestrated<void> {
  // Only inputs of today ask for it: what was started before has no such step.
  if (run.request.copy.notifies !== true) return;
  if (kept) run.report.settled();
  // From the end, not from the first try: a repair that goes on telling gets no second day.
  const givenUpAt = parseTime(outcome.settledAt) + maxNotificationMs;
  let targets: string[] | null = null;
  for (let tries = 1; ; tries++) {
    const step: NotifyInput = { ...run.request, outcome, targets };
    const result: NotifyResult = yield* run.call(activities.notify, step);
    if (result.kind === "notified") return;
    targets = result.targets ?? targets;
    if (!kept || run.now() >= givenUpAt) return;
    yield* run.sleep(
      Math.min(notificationRetryAt(run.now(), tries, result.retryAfterSeconds), givenUpAt),
    );
  }
}
