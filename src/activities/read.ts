import type { CopyStatus } from "../copy/contract/copy-status.ts";
import { unobservable } from "../copy/decisions/read-status.ts";
import type { PollInput } from "../copy/contract/activities.ts";
import type { ActivityDependencies } from "./support/dependencies.ts";
import { checkDestination } from "./support/access.ts";
import { readStatus } from "./support/read-status.ts";
import { openSides } from "./support/sides.ts";
import { isStarted, notStarted } from "./support/started-copy.ts";
import { orTransient } from "./support/storage-call.ts";

/**
 * Reads the destination's properties and returns the status of our copy. If the destination does not have the copyId,
 * the ledger must have it: otherwise a client with the key of the task hub could read the status of any destination.
 */
export function readCopy(deps: ActivityDependencies, input: PollInput): Promise<CopyStatus> {
  return orTransient(async () => {
    const refused = refuseDestination(deps, input);
    if (refused !== null) return refused;
    const status = await readStatus(deps, input, openSides(deps, input));
    return hasCopyId(status) || (await isStarted(deps, input)) ? status : notStarted(input);
  });
}

/** Returns true for the status of a destination that has the copyId of the input. */
function hasCopyId({ kind }: CopyStatus): boolean {
  return kind === "pending" || kind === "success" || kind === "failed" || kind === "aborted";
}

/** Returns the status of the copy if Ferry must not call its destination; null if it may. */
export function refuseDestination(
  deps: ActivityDependencies,
  { copy, copyId }: PollInput,
): CopyStatus | null {
  const denial = checkDestination(deps, copy.destination, "read the destination");
  return denial === null ? null : unobservable(denial, copyId);
}
