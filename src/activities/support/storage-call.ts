import type { TransientFailure } from "../../copy/contract/copy-status.ts";
import { failure } from "../../copy/contract/failure.ts";
import { classifyError } from "../../copy/decisions/storage-errors.ts";
import type { StorageCallName, Verdict } from "../../copy/decisions/storage-errors.ts";
import { LedgerError } from "../../ledger/ledger-error.ts";
import { UnsealError } from "../../secrets/seal.ts";
import { isInStorage, readableSas, StorageRefusal } from "../../storage/copy-client.ts";
import type { Side } from "../../storage/copy-client.ts";
import type { ActivityDependencies } from "./dependencies.ts";

/** What Storage's refusal of a call means; anything else than a refusal is thrown on. */
export function classifyRefusal(
  error: unknown,
  { now }: ActivityDependencies,
  refused: { call: StorageCallName; action: string; side: Side },
): Verdict {
  if (!(error instanceof StorageRefusal)) throw error;
  const { call, action, side } = refused;
  const verdict = classifyError(call, error.response, {
    action,
    sas: readableSas(side),
    now: now(),
  });
  const isOutside = !isInStorage(side) && verdict.failure.cause.startsWith("source-");
  return isOutside ? { ...verdict, failure: { ...verdict.failure, fix: outside } } : verdict;
}

/** No role and no SAS opens what lies outside Storage. */
const outside =
  "Look at the source URL: its server must answer a plain GET from Azure with the content, and a URL that is signed must still be valid";

/**
 * What is neither the source's nor the destination's fault: the step is tried again later. An error
 * that nobody foresaw tells only its name, since its text may quote a URL; thrown on, it would break the
 * orchestration off and leave the destination's lock taken.
 */
export async function orTransient<T>(step: () => Promise<T>): Promise<T | TransientFailure> {
  try {
    return await step();
  } catch (error) {
    const known = error instanceof LedgerError || error instanceof UnsealError;
    const name = error instanceof Error ? error.name : "something that is not an Error";
    const message = known
      ? error.message
      : `Cannot go on now as the app met an error of its own: ${name}`;
    return transientFailure(failure("internal", message));
  }
}

/** A failure that waiting may mend. */
export function transientFailure(
  reason: TransientFailure["failure"],
  retryAfterSeconds: number | null = null,
): TransientFailure {
  return { kind: "transient-failure", failure: reason, retryAfterSeconds };
}
