import { unobservable } from "../../copy/decisions/read-status.ts";
import { failure } from "../../copy/contract/failure.ts";
import type { FinalCopyStatus } from "../../copy/contract/copy-status.ts";
import type { PollInput } from "../../copy/contract/activities.ts";
import { endpointUrl } from "../../copy/location/endpoint.ts";
import type { ActivityDependencies } from "./dependencies.ts";

/**
 * Returns true if the ledger shows that Storage started this copy onto this destination. An input alone may name any
 * blob that the app can read. Only start and settle write the copyId, under a plan that the settings allowed.
 */
export async function isStarted(
  { ledger }: ActivityDependencies,
  { instanceId, copy, copyId }: PollInput,
): Promise<boolean> {
  const record = await ledger.records.read(instanceId);
  return record?.copyId === copyId && record.destination === endpointUrl(copy.destination);
}

/** The status of a copy that is not in the ledger. It is the same for any content of the destination. */
export function notStarted({ copyId }: PollInput): FinalCopyStatus {
  const message =
    "Cannot report the copy's status because the ledger does not show that this copy was started";
  return unobservable(failure("not-allowed", message), copyId);
}
