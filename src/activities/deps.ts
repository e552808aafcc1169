import type { Call, Verdict } from "../copy/storage-answers.ts";
import { classify } from "../copy/storage-answers.ts";
import type { Trouble } from "../copy/copy-status.ts";
import { failure } from "../copy/failure.ts";
import type { CopyStep } from "../copy/steps.ts";
import { LedgerError } from "../ledger/ledger-error.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { UnsealError } from "../secrets/seal.ts";
import type { Seal } from "../secrets/seal.ts";
import { StorageRefusal } from "../storage/copy-client.ts";
import type { CopyClient, Side } from "../storage/copy-client.ts";

/** What the activities work with. */
export type ActivityDeps = {
  client: CopyClient;
  ledger: Ledger;
  seal: Seal;
  now(): number;
  /** A new name for one run of an activity. */
  newRun(): string;
};

/** Both ends with their SAS opened; the clear text lives no longer than the activity. */
export function openSides(
  { seal }: ActivityDeps,
  { instanceId, copy }: CopyStep,
): { source: Side; destination: Side } {
  const open = (sealed: string | null, field: "sourceSas" | "destinationSas") =>
    sealed === null ? null : seal.open(sealed, { instanceId, field });
  return {
    source: { endpoint: copy.source, sas: open(copy.sourceSas, "sourceSas") },
    destination: { endpoint: copy.destination, sas: open(copy.destinationSas, "destinationSas") },
  };
}

/** What Storage's refusal of a call means; anything else than a refusal is thrown on. */
export function verdictOf(
  error: unknown,
  { now }: ActivityDeps,
  refused: { call: Call; action: string; side: Side },
): Verdict {
  if (!(error instanceof StorageRefusal)) throw error;
  const { call, action, side } = refused;
  return classify(call, error.answer, { action, sas: side.sas, now: now() });
}

/**
 * What is neither the source's nor the destination's fault: the step is tried again later. An error
 * that nobody foresaw tells only its name, since its text may quote a URL; thrown on, it would break the
 * orchestration off and leave the destination's slot taken.
 */
export async function orTrouble<T>(step: () => Promise<T>): Promise<T | Trouble> {
  try {
    return await step();
  } catch (error) {
    const known = error instanceof LedgerError || error instanceof UnsealError;
    const name = error instanceof Error ? error.name : "something that is not an Error";
    const message = known
      ? error.message
      : `Cannot go on now as the app met an error of its own: ${name}`;
    return trouble(failure("internal", message));
  }
}

/** A failure that waiting may mend. */
export function trouble(
  reason: Trouble["failure"],
  retryAfterSeconds: number | null = null,
): Trouble {
  return { state: "trouble", failure: reason, retryAfterSeconds };
}
