import type { Trouble } from "../../copy/contract/copy-status.ts";
import { endpointUrl } from "../../copy/location/endpoint.ts";
import { failure } from "../../copy/contract/failure.ts";
import type { Failure } from "../../copy/contract/failure.ts";
import type { CopyStep } from "../../copy/contract/activities.ts";
import { isInStorage, StorageRefusal } from "../../storage/copy-client.ts";
import { openSides } from "./dependencies.ts";
import type { ActivityDeps } from "./dependencies.ts";
import { trouble, verdictOf } from "./storage-call.ts";

/** What the lease takes beside reading ("Create a service SAS", permissions). */
const permissions =
  "For sourceLease give this app's identity the role Storage Blob Data Contributor on the source, or give the source URL a SAS with read and write permission";

/**
 * Leases the source for the length of the copy. The lease's id is the copy's, so that taking or releasing
 * it a second time does nothing more, and whoever finds it knows whose it is.
 */
export async function holdSource(
  deps: ActivityDeps,
  step: CopyStep,
): Promise<{ state: "failed"; failure: Failure } | Trouble | null> {
  const { client, ledger } = deps;
  const { instanceId, copy } = step;
  const { source } = openSides(deps, step);
  if (copy.holdsSource !== true || !isInStorage(source)) return null;
  try {
    await client.leaseSource(source, instanceId);
    // Taken before the slot is looked at: settle closes the slot before it releases the source.
    if ((await ledger.slotUse(copy.destination, instanceId)) !== "closed") return null;
    await client.releaseSource(source, instanceId);
    return trouble(failure("internal", `Cannot go on as the copy has ended: ${instanceId}`));
  } catch (error) {
    const action = `lease the source ${endpointUrl(copy.source)}`;
    const verdict = verdictOf(error, deps, { call: "lease-source", action, side: source });
    if (verdict.kind === "transient") return trouble(verdict.failure, verdict.retryAfterSeconds);
    const fix = verdict.failure.cause === "source-unauthorized" ? { fix: permissions } : {};
    return { state: "failed", failure: { ...verdict.failure, ...fix } };
  }
}

/** Releases the source, if it was leased; tells in words where that cannot be. */
export async function releaseSource(
  deps: ActivityDeps,
  step: CopyStep,
): Promise<{ state: "released"; residue: string[] } | Trouble> {
  const { instanceId, copy } = step;
  if (copy.holdsSource !== true) return { state: "released", residue: [] };
  const { source } = openSides(deps, step);
  if (!isInStorage(source)) return { state: "released", residue: [] };
  try {
    await deps.client.releaseSource(source, instanceId);
    return { state: "released", residue: [] };
  } catch (error) {
    if (error instanceof StorageRefusal && isReleased(error)) {
      return { state: "released", residue: [] };
    }
    const action = `release the lease ${instanceId} on the source ${endpointUrl(copy.source)}`;
    const verdict = verdictOf(error, deps, { call: "lease-source", action, side: source });
    return verdict.kind === "transient"
      ? trouble(verdict.failure, verdict.retryAfterSeconds)
      : { state: "released", residue: [verdict.failure.message] };
  }
}

/** It was never taken, was broken, or the source is gone ("Lease Blob", outcomes). */
function isReleased({ answer: { status } }: StorageRefusal): boolean {
  return status === 404 || status === 409;
}
