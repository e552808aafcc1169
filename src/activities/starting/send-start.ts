import type { EpochMs } from "../../copy/time.ts";
import { second } from "../../copy/durations.ts";
import { isFinal } from "../../copy/contract/copy-status.ts";
import { endpointUrl } from "../../copy/location/endpoint.ts";
import { failure } from "../../copy/contract/failure.ts";
import { isDefiniteRefusal } from "../../copy/decisions/storage-errors.ts";
import type { Verdict } from "../../copy/decisions/storage-errors.ts";
import type {
  CopyPlan,
  NotStarted,
  StartInput,
  StartResult,
  StartedCopy,
} from "../../copy/contract/activities.ts";
import type { TransientFailure } from "../../copy/contract/copy-status.ts";
import type { KnownRecord } from "../../ledger/ledger.ts";
import { withAnswer, withCopy } from "../../ledger/record.ts";
import type { StartResponse } from "../../storage/copy-client.ts";
import type { ActivityDependencies } from "../support/dependencies.ts";
import { findOurs } from "./find-ours.ts";
import type { Started } from "./find-ours.ts";
import { readStatus } from "../support/read-status.ts";
import type { Sides } from "../support/sides.ts";
import { readySource, refuseLongSource } from "./ready-source.ts";
import { callStorage, toFailure, transientFailure } from "../support/storage-call.ts";

/** How long the start call may take; Storage checks the source before it responds. */
const startTimeoutMs = 30 * second;
/**
 * The length of a source whose copy may be complete as soon as its start has responded (bytes). Storage reads the source in
 * chunks of about this size. One read is cheaper than a timer and an activity.
 */
const maxQuickBytes = 4 * 1024 * 1024;
/** How long a request that was sent just before the time-out may take to arrive at Storage. */
const arrivalMs = 15 * second;
/** How long after its registration a start attempt may still arrive at Storage. */
export const horizonMs = 60 * second;

/** A registered attempt. `lock`: its ETag; `until`: epoch ms. */
export type Registered = {
  record: KnownRecord;
  plan: CopyPlan;
  lock: string;
  until: EpochMs;
  sides: Sides;
};

/** Starts the copy, and resolves the attempt unless it may have reached Storage without a response. */
export async function sendStart(
  deps: ActivityDependencies,
  input: StartInput,
  attempt: Registered,
): Promise<StartResult> {
  const { copy } = input;
  const { plan, sides, until, record } = attempt;
  const refuse = (result: NotStarted | TransientFailure) => resolve(deps, input, attempt, result);
  const ready = await readySource(deps, { copy, plan }, sides);
  if (!ready.ok) return await refuse(toNotStarted(ready.verdict));
  const { source, signed, tags } = ready.value;
  const destination = sides.destination();
  const tooLong = refuseLongSource(signed);
  if (tooLong !== null) return await refuse(tooLong);
  if (deps.now() > until - startTimeoutMs - arrivalMs) {
    const message =
      "Cannot start the copy now because the ledger or the source's account responded too late";
    return await refuse(transientFailure(failure("internal", message)));
  }

  const isPinned = plan.source.snapshot !== undefined;
  const action = `start the copy onto ${endpointUrl(copy.destination)}`;
  const sent = await callStorage(deps, { call: "start", action, side: source }, () =>
    deps.client.start({
      source: signed,
      destination,
      // Copy Blob supports no condition on a source in Azure Files; a snapshot cannot change.
      sourceEtag: source.endpoint.service === "blob" && !isPinned ? plan.source.etag : null,
      destinationEtag: plan.destinationEtag,
      options: { ...copy.options, tags },
      signal: AbortSignal.timeout(startTimeoutMs),
    }),
  );
  if (sent.ok) return await started(deps, input, { ...attempt, response: sent.value });
  const isDefinite = isDefiniteRefusal(sent.response);
  // Only an attempt without a response may have started a copy: this one, or an earlier one.
  const plans = [...(isDefinite ? [] : [plan]), ...(record.unanswered ? [record.unanswered] : [])];
  const found = plans.length === 0 ? null : await findOurs(deps, input, { plans, destination });
  if (found?.kind === "started") return await recordStart(deps, input, attempt, found);
  if (isDefinite) return await refuse(found ?? toNotStarted(sent.verdict));
  return found ?? toNotStarted(sent.verdict);
}

/**
 * Storage has started the copy. If it has also completed the copy, or if the source is so small that the copy may be
 * complete by now, the status is read immediately. The copyId of a completed copy is recorded with the outcome.
 */
async function started(
  deps: ActivityDependencies,
  input: StartInput,
  { response, ...attempt }: Registered & { response: StartResponse },
): Promise<StartResult> {
  const { copyId, copyStatus } = response;
  const { plan, lock, sides, record } = attempt;
  const result: Started = { kind: "started", started: { plan, copyId } };
  const isPending = copyStatus !== "success";
  const isRead = !isPending || (plan.source.length ?? Infinity) <= maxQuickBytes;
  const status = isRead ? await readStatus(deps, { ...input, plan, copyId }, sides) : null;
  const isSuccess = status?.kind === "success";
  if (isSuccess && input.copy.options.rollback === "off") {
    return { ...result, status, kept: { lock, record: record.etag } };
  }
  // The clean-up removes only the copyId that is in the record.
  const pending = { kind: "pending", progress: null, warning: null } as const;
  const known = status !== null && isFinal(status) ? status : isPending ? pending : null;
  return await recordStart(
    deps,
    input,
    attempt,
    known === null ? result : { ...result, status: known },
  );
}

/** Records the copyId, so that a repair can follow the copy. */
async function recordStart(
  deps: ActivityDependencies,
  { instanceId }: StartInput,
  { record, lock }: Registered,
  result: Started,
): Promise<Started> {
  const now = deps.now();
  const copy: StartedCopy = result.started;
  const written = await deps.ledger.records.change(instanceId, record, (current) =>
    current.outcome === null && current.settlement === null ? withCopy(current, copy, now) : null,
  );
  const isOpen = written.outcome === null && written.settlement === null;
  return isOpen && !written.abortRequested
    ? { ...result, kept: { lock, record: written.etag } }
    : result;
}

/** Records that Storage did not start the copy, so that Ferry adopts no copy for this attempt later. */
async function resolve(
  deps: ActivityDependencies,
  { instanceId }: StartInput,
  { record, lock }: Registered,
  result: NotStarted | TransientFailure,
): Promise<StartResult> {
  const etag = await deps.ledger.records.write(instanceId, withAnswer(record), record.etag);
  if (result.kind === "transient-failure" || etag === null || record.unanswered !== null) {
    return result;
  }
  return { ...result, kept: { lock, record: etag } };
}

function toNotStarted(
  verdict: Verdict,
): Extract<NotStarted, { kind: "failed" | "stale-plan" }> | TransientFailure {
  return verdict.kind === "stale-plan"
    ? { kind: "stale-plan", failure: verdict.failure }
    : toFailure(verdict);
}
