import { second } from "../../copy/durations.ts";
import { classifyError, isDefiniteRefusal } from "../../copy/decisions/storage-errors.ts";
import type { StorageCallName, StorageErrorResponse } from "../../copy/decisions/storage-errors.ts";
import type { Failure } from "../../copy/contract/failure.ts";
import type { EpochMs } from "../../copy/time.ts";
import type {
  Failed,
  JobSide,
  RefusedStart,
  StartOutcome,
  Throttled,
  Transient,
} from "../../jobs/contract/storage.ts";
import { StorageRefusal } from "../copy-client.ts";

/** A call, for the message of its failure. `action` builds what completes "Cannot …"; most calls do not fail. */
export type DescribedCall = {
  call: StorageCallName;
  action: () => string;
  side: JobSide;
  now: EpochMs;
};

/**
 * Awaits a call of the SDK. A refusal that `expected` interprets becomes its outcome, and any other refusal a general
 * one. Errors that are not refusals are bugs, and are thrown.
 */
export async function withOutcome<Outcome, Expected = never>(
  described: DescribedCall,
  work: () => Promise<Outcome>,
  expected: (response: StorageErrorResponse) => Expected | null = () => null,
): Promise<Outcome | Expected | Throttled | Transient | Failed> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StorageRefusal)) throw error;
    return expected(error.response) ?? toOutcome(described, error.response);
  }
}

function toOutcome(
  described: DescribedCall,
  response: StorageErrorResponse,
): Throttled | Transient | Failed {
  const verdict = classify(described, response);
  if (verdict.kind !== "transient") return { kind: "failed", failure: verdict.failure };
  const seconds = verdict.retryAfterSeconds;
  const retryAfterMs = seconds === null ? null : seconds * second;
  const kind = isThrottled(response) ? "throttled" : "transient";
  return { kind, failure: verdict.failure, retryAfterMs };
}

/** Like `withOutcome`, for the start of a copy. */
export async function withStartOutcome(
  described: DescribedCall,
  work: () => Promise<StartOutcome>,
): Promise<StartOutcome> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StorageRefusal)) throw error;
    const { response } = error;
    const verdict = classify(described, response);
    if (verdict.kind === "stale-plan") {
      return { kind: "refused", reason: refusedStart(verdict.failure), failure: verdict.failure };
    }
    const outcome = toOutcome(described, response);
    return outcome.kind === "failed"
      ? outcome
      : { ...outcome, mayHaveStarted: !isDefiniteRefusal(response) && !isUnverified(response) };
  }
}

function classify({ call, action, side, now }: DescribedCall, response: StorageErrorResponse) {
  const sas = side.access.kind === "sas" ? side.access.sas : null;
  return classifyError(call, response, { action: action(), sas, now });
}

function refusedStart({ cause }: Failure): RefusedStart {
  if (cause === "source-changed") return cause;
  return cause === "destination-busy" ? cause : "destination-changed";
}

/** Either side may be busy; the destination's service reports a busy source with the source's status. */
function isThrottled({ status, sourceStatus, sourceCode }: StorageErrorResponse): boolean {
  return (
    [429, 503].includes(sourceStatus ?? status) || status === 429 || sourceCode === "ServerBusy"
  );
}

/** Storage could not read the source, so it copied nothing. */
function isUnverified({ code }: StorageErrorResponse): boolean {
  return code === "CannotVerifyCopySource";
}
