import { latest } from "../copy/time.ts";
import type { EpochMs } from "../copy/time.ts";
import { buildOutcome } from "../copy/contract/outcome.ts";
import type { CopyResult, Outcome } from "../copy/contract/outcome.ts";
import { retryAt } from "../copy/polling/backoff.ts";
import { buildEndFacts } from "../copy/contract/activities.ts";
import type { KeptEtags, StartedCopy } from "../copy/contract/activities.ts";
import { activities } from "../names.ts";
import { endedColumns } from "../telemetry/copy-lines.ts";
import { buildLogLine } from "../telemetry/log-lines.ts";
import { notifyCopy } from "./notify.ts";
import { followCopy } from "./follow.ts";
import { maxAttempts } from "./copy-context.ts";
import type { CopyContext, Orchestrated } from "./copy-context.ts";

/** The result of the copy, and the copy that was started. `kept`: null if the ledger must be read. */
export type FinishInput = {
  started: StartedCopy | null;
  result: CopyResult;
  kept: KeptEtags | null;
};

/**
 * Settles the copy and sends its notifications. If settle finds the copy of a start that got no response, follows
 * that copy first.
 */
export function* finishCopy(context: CopyContext, input: FinishInput): Orchestrated<Outcome> {
  for (
    let { started, result, kept } = input;
    ;
    kept = null, result = yield* followCopy(context, started)
  ) {
    const settled = yield* settleCopy(context, { started, result, kept });
    if (settled.kind === "settled") {
      yield* notifyCopy(context, settled.outcome, settled.isRecorded);
      return settled.outcome;
    }
    started = settled.started;
  }
}

type SettledCopy =
  | { kind: "settled"; outcome: Outcome; isRecorded: boolean }
  | { kind: "found"; started: StartedCopy };

/** Settles with retries, and waits while a start attempt may be in flight. */
function* settleCopy(
  context: CopyContext,
  { started, result, kept }: FinishInput,
): Orchestrated<SettledCopy> {
  const plan = started?.plan ?? null;
  const copyId = started?.copyId ?? null;
  let fenceWaits = 0;
  for (let attempts = 1; ; attempts++) {
    const isLastAttempt = attempts >= maxAttempts;
    const { copy } = context.request;
    const { createdAt } = copy;
    const record = context.report.record();
    const notifies = copy.notifies === true ? { notifies: copy } : {};
    const known = { plan, copyId, result, record, kept, createdAt, isLastAttempt };
    const wasWoken = context.waits.wasWoken() ? ({ wasWoken: true } as const) : {};
    const { activities: called, timers } = context.counts();
    const facts = buildEndFacts(copy, { activities: called + 1, timers });
    const input = { ...context.copyRef, ...known, facts, ...wasWoken, ...notifies };
    const settled = yield* context.call(activities.settle, input);
    if (settled.kind === "found") return settled;
    if (settled.kind === "settled") return { ...settled, isRecorded: true };
    if (settled.kind === "wait" && settled.fence === true) {
      // The fence passes on the clock of the activity's host. While this host's clock is ahead of it, the waits double.
      yield* pause(context, latest(settled.until, retryAt(context.now(), fenceWaits++, null)));
      attempts--; // nothing was attempted
      continue;
    }
    if (isLastAttempt) {
      const residue = [
        // A recorded history has this text in its output.
        "Ferry could not check what the copy left behind, or its lock in the ledger",
        ...(input.copy.leasesSource === true
          ? [`The lease ${input.instanceId} on the source may still be held`]
          : []),
      ];
      const details = { copyId, record, residue, settledAt: context.now(), createdAt };
      const outcome = buildOutcome(result, details);
      const ended = { ...context.copyRef, createdAt, facts, outcome, again: false };
      context.log(buildLogLine("ferry.copy.ended", endedColumns({ ...ended, recorded: false })));
      return { kind: "settled", outcome, isRecorded: false };
    }
    let due: EpochMs;
    if (settled.kind === "wait") {
      due = settled.until;
    } else {
      due = retryAt(context.now(), attempts, settled.retryAfterSeconds);
      context.report.waiting(settled.failure.message, due);
    }
    yield* pause(context, due);
  }
}

/** Waits until `due`. The copy has ended, so an abort that arrives now changes only the outcome's `abortRequested`. */
function* pause(context: CopyContext, due: EpochMs): Orchestrated<void> {
  do {
    const { abort } = yield* context.waits.until(due);
    if (abort) context.report.aborting();
  } while (context.now() < due);
}
