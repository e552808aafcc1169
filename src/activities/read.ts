import type { CopyStatus } from "../copy/contract/copy-status.ts";
import { unobservable } from "../copy/decisions/read-status.ts";
import type { PollInput } from "../copy/contract/activities.ts";
import type { ActivityDependencies } from "./support/dependencies.ts";
import { checkDestination } from "./support/access.ts";
import { readStatus } from "./support/read-status.ts";
import { openSides } from "./support/sides.ts";
import { orTransient } from "./support/storage-call.ts";

/** Reads the destination's properties and returns the status of our copy. */
export function readCopy(deps: ActivityDependencies, input: PollInput): Promise<CopyStatus> {
  return orTransient(
    async () =>
      refuseDestination(deps, input) ?? (await readStatus(deps, input, openSides(deps, input))),
  );
}

/** Returns the status of the copy if Ferry must not call its destination; null if it may. */
export function refuseDestination(
  deps: ActivityDependencies,
  { copy, copyId }: PollInput,
): CopyStatus | null {
  const denial = checkDestination(deps, copy.destination, "read the destination");
  return denial === null ? null : unobservable(denial, copyId);
}
