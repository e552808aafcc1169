import type { CopyStatus } from "../copy/contract/copy-status.ts";
import { isNothingToAbort } from "../copy/decisions/storage-errors.ts";
import { endpointUrl } from "../copy/location/endpoint.ts";
import type { PollInput } from "../copy/contract/activities.ts";
import { refuseDestination } from "./read.ts";
import type { ActivityDependencies } from "./support/dependencies.ts";
import { readStatus } from "./support/read-status.ts";
import { openSides } from "./support/sides.ts";
import { isStarted, notStarted } from "./support/started-copy.ts";
import { callStorage, orTransient, toTransientFailure } from "./support/storage-call.ts";

/**
 * Asks Storage to abort the copy, then reads the destination: only its status shows how the copy ended. Aborts only the
 * copy in the record.
 */
export function abortCopy(deps: ActivityDependencies, input: PollInput): Promise<CopyStatus> {
  return orTransient(async () => {
    const refused = refuseDestination(deps, input);
    if (refused !== null) return refused;
    if (!(await isStarted(deps, input))) return notStarted(input);
    const sides = openSides(deps, input);
    const destination = sides.destination();
    const action = `abort the copy onto ${endpointUrl(input.copy.destination)}`;
    const aborted = await callStorage(deps, { call: "abort", action, side: destination }, () =>
      deps.client.abort(destination, input.copyId),
    );
    const status = await readStatus(deps, input, sides);
    if (aborted.ok || isNothingToAbort(aborted.response)) return status;
    return status.kind === "pending" ? toTransientFailure(aborted.verdict) : status;
  });
}
