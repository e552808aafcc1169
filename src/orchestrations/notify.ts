import { timeOf } from "../copy/time.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import { announceAgainAt, longestAnnouncing } from "../copy/polling/backoff.ts";
import type { AnnounceStep, Announced } from "../copy/contract/activities.ts";
import { activities } from "../names.ts";
import type { Run, Turns } from "./copy-context.ts";

/**
 * Tells those whom settings name how the copy ended, for a day if need be. The copy has ended before
 * its first word of it, for everybody who looks: `kept` says that its outcome can be looked up.
 */
export function* announceCopy(run: Run, outcome: Outcome, kept: boolean): Turns<void> {
  // Only inputs of today ask for it: what was started before has no such step.
  if (run.request.copy.announces !== true) return;
  if (kept) run.report.settled();
  // From the end, not from the first try: a repair that goes on telling gets no second day.
  const givenUpAt = timeOf(outcome.settledAt) + longestAnnouncing;
  let targets: string[] | null = null;
  for (let tries = 1; ; tries++) {
    const step: AnnounceStep = { ...run.request, outcome, targets };
    const result: Announced = yield* run.call(activities.announce, step);
    if (result.state === "announced") return;
    targets = result.targets ?? targets;
    if (!kept || run.now() >= givenUpAt) return;
    yield* run.sleep(
      Math.min(announceAgainAt(run.now(), tries, result.retryAfterSeconds), givenUpAt),
    );
  }
}
