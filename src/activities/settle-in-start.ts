import { toIso } from "../copy/time.ts";
import { failure } from "../copy/contract/failure.ts";
import { buildEndFacts, pickEndpoints } from "../copy/contract/activities.ts";
import type {
  NotStarted,
  SettleInput,
  SettleResult,
  StartResult,
} from "../copy/contract/activities.ts";
import type { KnownRecord } from "../ledger/ledger.ts";
import { unansweredPlans } from "../ledger/record.ts";
import { settleCopy } from "./settle.ts";
import type { Step } from "./support/step.ts";
import { transientFailure } from "./support/storage-call.ts";

/** Settles a copy that its start has completed, so that no other activity is needed. */
export async function settleIfEnded(
  step: Step,
  sent: Extract<StartResult, { kind: "started" }>,
): Promise<StartResult> {
  const { started, status, kept } = sent;
  if (status?.kind !== "success" || kept === undefined) return sent;
  const startedAt = toIso(step.deps.now());
  const settled = await settle(step, {
    ...started,
    result: status,
    record: { abortRequested: false, startedAt, statusReads: 1 },
    kept,
  });
  // Otherwise the orchestration settles it.
  return settled.kind === "settled" ? settled : { kind: "started", started, status };
}

/**
 * Settles a copy that was not started, so that no other activity is needed. If it may have left something behind, the
 * next activity settles it, because that activity reads the ledger.
 */
export async function refuse(
  step: Step,
  refused: Extract<NotStarted, { kind: "skip" | "failed" }>,
  { lock, record }: { lock: string; record: KnownRecord | null },
): Promise<StartResult> {
  const { copy, instanceId } = step.input;
  const { leasesSource, rollsBack } = pickEndpoints(copy);
  const takes = leasesSource === true || rollsBack === true;
  if (takes || (record !== null && unansweredPlans(record).length > 0)) return refused;
  const refusal: Settled = {
    plan: null,
    copyId: null,
    result:
      refused.kind === "skip"
        ? { kind: "skipped", reason: refused.reason }
        : { kind: "not-started", failure: refused.failure },
    record: { abortRequested: false, startedAt: null, statusReads: 0 },
    kept: { lock, record: record?.etag ?? null },
  };
  // The content of the destination may belong to the copy that another run has just started.
  const settled = await settle(step, refusal, { mayFence: false });
  if (settled.kind === "settled" || settled.kind === "transient-failure") return settled;
  const message = `Cannot settle the copy now because another run has started it: ${instanceId}`;
  return transientFailure(failure("internal", message));
}

type Settled = Pick<SettleInput, "plan" | "copyId" | "result" | "record" | "kept">;

function settle(
  { deps, input, context }: Step,
  known: Settled,
  options: { mayFence?: boolean } = {},
): Promise<SettleResult> {
  const { copy, instanceId } = input;
  const { createdAt } = copy;
  const notifies = copy.notifies === true ? { notifies: copy } : {};
  // The orchestration waits between its attempts, each of which is one activity.
  const facts = buildEndFacts(copy, { activities: input.attempt, timers: input.attempt - 1 });
  const base = { instanceId, copy: pickEndpoints(copy), createdAt, facts, isLastAttempt: false };
  return settleCopy(deps, { ...base, ...known, ...notifies }, context, options);
}
