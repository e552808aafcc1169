import type { TransientFailure } from "../../copy/contract/copy-status.ts";
import { endpointUrl } from "../../copy/location/endpoint.ts";
import { failure } from "../../copy/contract/failure.ts";
import type { Failure } from "../../copy/contract/failure.ts";
import type { ActivityInput } from "../../copy/contract/activities.ts";
import { isInStorage, StorageRefusal } from "../../storage/copy-client.ts";
import { openSides } from "./dependencies.ts";
import type { ActivityDependencies } from "./dependencies.ts";
import { transientFailure, classifyRefusal } from "./storage-call.ts";

/** What the lease takes beside reading ("Create a service SAS", permissions). */
const permissions =
  "For sourceLease give this app's identity the role Storage Blob Data Contributor on the source, or give the source URL a SAS with read and write permission";

/**
 * Leases the source for the length of the copy. The lease's id is the copy's, so that taking or releasing
 * it a second time does nothing more, and whoever finds it knows whose it is.
 */
export async function holdSource(
  deps: ActivityDependencies,
  step: ActivityInput,
): Promise<{ kind: "failed"; failure: Failure } | TransientFailure | null> {
  const { client, ledger } = deps;
  const { instanceId, copy } = step;
  const { source } = openSides(deps, step);
  if (copy.leasesSource !== true || !isInStorage(source)) return null;
  try {
    await client.leaseSource(source, instanceId);
    // Taken before the lock is looked at: settle closes the lock before it releases the source.
    if ((await ledger.lockUse(copy.destination, instanceId)) !== "closed") return null;
    await client.releaseSource(source, instanceId);
    return transientFailure(
      failure("internal", `Cannot go on as the copy has ended: ${instanceId}`),
    );
  } catch (error) {
    const action = `lease the source ${endpointUrl(copy.source)}`;
    const verdict = classifyRefusal(error, deps, { call: "lease-source", action, side: source });
    if (verdict.kind === "transient")
      return transientFailure(verdict.failure, verdict.retryAfterSeconds);
    const fix = verdict.failure.cause === "source-unauthorized" ? { fix: permissions } : {};
    return { kind: "failed", failure: { ...verdict.failure, ...fix } };
  }
}

/** Releases the source, if it was leased; tells in words where that cannot be. */
export async function releaseSource(
  deps: ActivityDependencies,
  step: ActivityInput,
): Promise<{ kind: "released"; residue: string[] } | TransientFailure> {
  const { instanceId, copy } = step;
  if (copy.leasesSource !== true) return { kind: "released", residue: [] };
  const { source } = openSides(deps, step);
  if (!isInStorage(source)) return { kind: "released", residue: [] };
  try {
    await deps.client.releaseSource(source, instanceId);
    return { kind: "released", residue: [] };
  } catch (error) {
    if (error instanceof StorageRefusal && isReleased(error)) {
      return { kind: "released", residue: [] };
    }
    const action = `release the lease ${instanceId} on the source ${endpointUrl(copy.source)}`;
    const verdict = classifyRefusal(error, deps, { call: "lease-source", action, side: source });
    return verdict.kind === "transient"
      ? transientFailure(verdict.failure, verdict.retryAfterSeconds)
      : { kind: "released", residue: [verdict.failure.message] };
  }
}

/** It was never taken, was broken, or the source is gone ("Lease Blob", outcomes). */
function isReleased({ response: { status } }: StorageRefusal): boolean {
  return status === 404 || status === 409;
}
