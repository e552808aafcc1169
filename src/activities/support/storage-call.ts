import type { TransientFailure } from "../../copy/contract/copy-status.ts";
import { failure } from "../../copy/contract/failure.ts";
import type { Failure } from "../../copy/contract/failure.ts";
import { classifyError } from "../../copy/decisions/storage-errors.ts";
import type {
  StorageCallName,
  StorageErrorResponse,
  Verdict,
} from "../../copy/decisions/storage-errors.ts";
import { LedgerError } from "../../ledger/ledger-error.ts";
import { UnsealError } from "../../secrets/seal.ts";
import { isInStorage, readableSas, StorageRefusal } from "../../storage/copy-client.ts";
import type { Side } from "../../storage/copy-client.ts";
import type { ActivityDependencies } from "./dependencies.ts";

/** Describes a call for its failure: `action` completes "Cannot …", `side` is the side whose SAS was sent. */
export type StorageCall = {
  call: StorageCallName;
  action: string;
  side: Side;
  /** Replaces the fix where the call needs more permissions than the copy itself. */
  unauthorizedFix?: string;
};

export type Refused = { ok: false; verdict: Verdict; response: StorageErrorResponse };
export type CallResult<T> = { ok: true; value: T } | Refused;

/** Calls Storage. Returns a refusal with its verdict and Storage's response; rethrows every other error. */
export async function callStorage<T>(
  deps: ActivityDependencies,
  call: StorageCall,
  work: () => Promise<T>,
): Promise<CallResult<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    if (!(error instanceof StorageRefusal)) throw error;
    const { response } = error;
    return { ok: false, verdict: classify(response, deps, call), response };
  }
}

function classify(
  response: StorageErrorResponse,
  { now }: ActivityDependencies,
  { call, action, side, unauthorizedFix }: StorageCall,
): Verdict {
  const verdict = classifyError(call, response, { action, sas: readableSas(side), now: now() });
  const { cause } = verdict.failure;
  if (!isInStorage(side) && cause.startsWith("source-")) return withFix(verdict, externalSourceFix);
  const isUnauthorized = cause === "source-unauthorized" || cause === "destination-unauthorized";
  return isUnauthorized && unauthorizedFix !== undefined
    ? withFix(verdict, unauthorizedFix)
    : verdict;
}

function withFix(verdict: Verdict, fix: string): Verdict {
  return { ...verdict, failure: { ...verdict.failure, fix } };
}

/** The fix for a source outside Storage, which no role and no SAS makes readable. */
const externalSourceFix =
  "Check the source URL: its server must respond to a plain GET from Azure with the content, and a signed URL must still be valid";

/** The result of an activity that ends with this refusal. */
export function toFailure(
  verdict: Verdict,
): { kind: "failed"; failure: Failure } | TransientFailure {
  return verdict.kind === "transient"
    ? toTransientFailure(verdict)
    : { kind: "failed", failure: verdict.failure };
}

/** Reports the refusal as a transient failure, even if Storage would refuse the same call again. */
export function toTransientFailure(verdict: Verdict): TransientFailure {
  const retryAfterSeconds = verdict.kind === "transient" ? verdict.retryAfterSeconds : null;
  return transientFailure(verdict.failure, retryAfterSeconds);
}

/**
 * Turns ledger, seal and unexpected errors into a transient failure. If rethrown, they would fail the orchestration
 * and leave the destination's lock taken. An unexpected error is reported only by its name, because its text may
 * quote a URL.
 */
export async function orTransient<T>(activity: () => Promise<T>): Promise<T | TransientFailure> {
  try {
    return await activity();
  } catch (error) {
    if (error instanceof UnsealError) {
      const { message, fix } = error;
      return transientFailure({ ...failure("internal", `${message}. ${fix}`), fix });
    }
    const name = error instanceof Error ? error.name : "a thrown value that is not an Error";
    const message =
      error instanceof LedgerError
        ? error.message
        : `Cannot continue now because of an unexpected error in the app: ${name}`;
    return transientFailure(failure("internal", message));
  }
}

/** A failure that the orchestration retries, no earlier than `retryAfterSeconds` from now. */
export function transientFailure(
  reason: Failure,
  retryAfterSeconds: number | null = null,
): TransientFailure {
  return { kind: "transient-failure", failure: reason, retryAfterSeconds };
}
