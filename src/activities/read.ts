import type { CopyStatus } from "../copy/contract/copy-status.ts";
import { endpointUrl } from "../copy/location/endpoint.ts";
import { unobservable, interpretStatus } from "../copy/decisions/read-status.ts";
import { hasSasExpired } from "../copy/location/sas.ts";
import type { PollInput } from "../copy/contract/activities.ts";
import { readableSas } from "../storage/copy-client.ts";
import { openSides } from "./support/dependencies.ts";
import type { ActivityDependencies, Sides } from "./support/dependencies.ts";
import { orTransient, transientFailure, classifyRefusal } from "./support/storage-call.ts";

/** Reads the destination's properties and says what they mean for our copy. */
export function readCopy(deps: ActivityDependencies, step: PollInput): Promise<CopyStatus> {
  return orTransient(() => readStatus(deps, step, openSides(deps, step)));
}

/**
 * One look. What Storage refuses here is trouble, never an end: only a copy's own status ends it, the news
 * that its destination is gone, container and all, or the end of the SAS by which it could be seen, since
 * no waiting brings that back.
 */
export async function readStatus(
  deps: ActivityDependencies,
  { copy, plan, copyId }: PollInput,
  { source, destination }: Sides,
): Promise<CopyStatus> {
  try {
    const seen = await deps.client.readDestination(destination);
    return interpretStatus({ plan, copyId }, seen, { sas: readableSas(source), now: deps.now() });
  } catch (error) {
    const action = `read the destination ${endpointUrl(copy.destination)}`;
    const verdict = classifyRefusal(error, deps, {
      call: "read-destination",
      action,
      side: destination,
    });
    if (verdict.kind === "permanent" && verdict.failure.cause === "destination-not-found") {
      return { kind: "gone", failure: verdict.failure };
    }
    if (
      verdict.failure.cause === "destination-unauthorized" &&
      hasSasExpired(destination.sas, deps.now())
    ) {
      return unobservable(verdict.failure, copyId);
    }
    return transientFailure(
      verdict.failure,
      verdict.kind === "transient" ? verdict.retryAfterSeconds : null,
    );
  }
}
