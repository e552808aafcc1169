import type { CopyStatus } from "../copy/contract/copy-status.ts";
import { endpointUrl } from "../copy/location/endpoint.ts";
import type { PollInput } from "../copy/contract/activities.ts";
import { StorageRefusal } from "../storage/copy-client.ts";
import { openSides } from "./support/dependencies.ts";
import type { ActivityDependencies } from "./support/dependencies.ts";
import { orTransient, transientFailure, classifyRefusal } from "./support/storage-call.ts";
import { readStatus } from "./read.ts";

/**
 * Asks Storage to abort the copy, then looks: only the look says how it ended. "Abort Copy Blob"
 * answers 409 when the copy has ended or is not ours, 404 when the destination is gone: both are
 * answered by the look.
 */
export function abortCopy(deps: ActivityDependencies, step: PollInput): Promise<CopyStatus> {
  return orTransient(async () => {
    const sides = openSides(deps, step);
    try {
      await deps.client.abort(sides.destination, step.copyId);
    } catch (error) {
      if (!isAnsweredByALook(error)) {
        const action = `abort the copy onto ${endpointUrl(step.copy.destination)}`;
        const refused = { call: "abort", action, side: sides.destination } as const;
        const verdict = classifyRefusal(error, deps, refused);
        const status = await readStatus(deps, step, sides);
        const { failure } = verdict;
        const after = verdict.kind === "transient" ? verdict.retryAfterSeconds : null;
        return status.kind === "pending" ? transientFailure(failure, after) : status;
      }
    }
    return readStatus(deps, step, sides);
  });
}

function isAnsweredByALook(error: unknown): boolean {
  return (
    error instanceof StorageRefusal &&
    (error.response.status === 409 || error.response.status === 404)
  );
}
