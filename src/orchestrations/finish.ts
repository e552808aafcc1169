import { outcomeOf } from "../copy/contract/outcome.ts";
import type { Ending, Outcome } from "../copy/contract/outcome.ts";
import { retryAt } from "../copy/polling/backoff.ts";
import type { CopyPlan, StartedCopy } from "../copy/contract/activities.ts";
import { activities } from "../names.ts";
import { announceCopy } from "./notify.ts";
import { followCopy } from "./follow.ts";
import { mostTries } from "./copy-context.ts";
import type { Run, Turns } from "./copy-context.ts";

/** How the copy ended, and what was begun of it. `plan` is that of the last start, answered or not. */
export type End = { plan: CopyPlan | null; started: StartedCopy | null; ending: Ending };

/** Settles the copy; where a start whose answer was lost had begun one after all, follows that first. */
export function* finishCopy(run: Run, end: End): Turns<Outcome> {
  for (let { started, ending } = end; ; ending = yield* followCopy(run, started)) {
    const settled = yield* settleCopy(run, { plan: end.plan, started, ending });
    if (settled.state === "settled") {
      yield* announceCopy(run, settled.outcome, settled.kept);
      return settled.outcome;
    }
    started = settled.started;
  }
}

type SettledRun =
  | { state: "settled"; outcome: Outcome; kept: boolean }
  | { state: "found"; started: StartedCopy };

/** Cleans up, frees the destination and keeps the outcome; waits while a start may be under way. */
function* settleCopy(run: Run, end: End): Turns<SettledRun> {
  const { ending } = end;
  const plan = end.started?.plan ?? end.plan;
  const copyId = end.started?.copyId ?? null;
  const record = run.report.record();
  for (let tries = 1; ; tries++) {
    const lastTry = tries >= mostTries;
    const { copy } = run.request;
    const announces = copy.announces === true ? { announces: copy } : {};
    const step = { ...run.step, plan, copyId, ending, record, lastTry, ...announces };
    const result = yield* run.call(activities.settle, step);
    if (result.state === "found") return result;
    if (result.state === "settled") return { ...result, kept: true };
    if (lastTry) {
      const residue = [
        "What the copy left behind, and its slot in the ledger, could not be looked at",
        ...(step.copy.holdsSource === true
          ? [`The lease ${step.instanceId} on the source may still be held`]
          : []),
      ];
      const circumstances = { copyId, record, residue, settledAt: run.now() };
      return { state: "settled", outcome: outcomeOf(ending, circumstances), kept: false };
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
