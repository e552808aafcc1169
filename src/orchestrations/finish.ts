import { buildOutcome } from "../copy/contract/outcome.ts";
import type { CopyResult, Outcome } from "../copy/contract/outcome.ts";
import { retryAt } from "../copy/polling/backoff.ts";
import type { CopyPlan, StartedCopy } from "../copy/contract/activities.ts";
import { activities } from "../names.ts";
import { notifyCopy } from "./notify.ts";
import { followCopy } from "./follow.ts";
import { maxAttempts } from "./copy-context.ts";
import type { CopyContext, Orchestrated } from "./copy-context.ts";

/** How the copy ended, and what was begun of it. `plan` is that of the last start, answered or not. */
export type FinishInput = {
  plan: CopyPlan | null;
  started: StartedCopy | null;
  result: CopyResult;
};

/** Settles the copy; where a start whose answer was lost had begun one after all, follows that first. */
export function* finishCopy(run: CopyContext, end: FinishInput): Orchestrated<Outcome> {
  for (let { started, result } = end; ; result = yield* followCopy(run, started)) {
    const settled = yield* settleCopy(run, { plan: end.plan, started, result });
    if (settled.kind === "settled") {
      yield* notifyCopy(run, settled.outcome, settled.isRecorded);
      return settled.outcome;
    }
    started = settled.started;
  }
}

type SettledCopy =
  | { kind: "settled"; outcome: Outcome; isRecorded: boolean }
  | { kind: "found"; started: StartedCopy };

/** Cleans up, frees the destination and keeps the outcome; waits while a start may be under way. */
function* settleCopy(run: CopyContext, end: FinishInput): Orchestrated<SettledCopy> {
  const { result } = end;
  const plan = end.started?.plan ?? end.plan;
  const copyId = end.started?.copyId ?? null;
  const record = run.report.record();
  for (let tries = 1; ; tries++) {
    const isLastAttempt = tries >= maxAttempts;
    const { copy } = run.request;
    const notifies = copy.notifies === true ? { notifies: copy } : {};
    const step = { ...run.step, plan, copyId, result, record, isLastAttempt, ...notifies };
    const settled = yield* run.call(activities.settle, step);
    if (settled.kind === "found") return settled;
    if (settled.kind === "settled") return { ...settled, isRecorded: true };
    if (isLastAttempt) {
      const residue = [
        "What the copy left behind, and its lock in the ledger, could not be looked at",
        ...(step.copy.leasesSource === true
          ? [`The lease ${step.instanceId} on the source may still be held`]
          : []),
      ];
      const circumstances = { copyId, record, residue, settledAt: run.now() };
      return { kind: "settled", outcome: buildOutcome(result, circumstances), isRecorded: false };
    }
    let due: number;
    if (settled.kind === "wait") {
      due = settled.until;
    } else {
      due = retryAt(run.now(), tries, settled.retryAfterSeconds);
      run.report.waiting(settled.failure.message, due);
    }
    yield* run.sleep(due); // the copy has ended: nothing that comes now changes anything
  }
}
