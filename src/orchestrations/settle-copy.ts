import { outcomeOf } from "../copy/outcome.ts";
import type { Ending, Outcome } from "../copy/outcome.ts";
import { retryAt } from "../copy/read-policy.ts";
import type { CopyPlan, StartedCopy } from "../copy/steps.ts";
import { activities } from "../names.ts";
import { mostTries } from "./run.ts";
import type { Run, Turns } from "./run.ts";

export type SettledRun =
  | { state: "settled"; outcome: Outcome }
  | { state: "found"; started: StartedCopy };

/** Cleans up, frees the destination and keeps the outcome; waits while a start may be under way. */
export function* settleCopy(
  run: Run,
  end: { plan: CopyPlan | null; started: StartedCopy | null; ending: Ending },
): Turns<SettledRun> {
  const { ending } = end;
  const plan = end.started?.plan ?? end.plan;
  const copyId = end.started?.copyId ?? null;
  const record = run.report.record();
  for (let tries = 1; ; tries++) {
    const lastTry = tries >= mostTries;
    const step = { ...run.step, plan, copyId, ending, record, lastTry };
    const result = yield* run.call(activities.settle, step);
    if (result.state === "settled" || result.state === "found") return result;
    if (lastTry) {
      const residue = [
        "What the copy left behind, and its slot in the ledger, could not be looked at",
      ];
      const circumstances = { copyId, record, residue, settledAt: run.now() };
      return { state: "settled", outcome: outcomeOf(ending, circumstances) };
    }
    let due: number;
    if (result.state === "wait") {
      due = result.until;
    } else {
      due = retryAt(run.now(), tries, result.retryAfterSeconds);
      run.report.waiting(result.failure.message, due);
    }
    yield* run.sleep(due); // the copy has ended: nothing that comes now changes anything
  }
}
