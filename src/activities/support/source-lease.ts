import type { TransientFailure } from "../../copy/contract/copy-status.ts";
import { endpointUrl } from "../../copy/location/endpoint.ts";
import { failure } from "../../copy/contract/failure.ts";
import type { Failure } from "../../copy/contract/failure.ts";
import type { ActivityInput } from "../../copy/contract/activities.ts";
import { isNotLeased } from "../../copy/decisions/storage-errors.ts";
import { isInStorage } from "../../storage/copy-client.ts";
import type { ActivityDependencies } from "./dependencies.ts";
import { checkSource } from "./access.ts";
import type { Sides } from "./sides.ts";
import { callStorage, toFailure, toTransientFailure, transientFailure } from "./storage-call.ts";

/** A lease requires read permission in addition to write permission ("Create a service SAS", permissions). */
const unauthorizedFix =
  "To use sourceLease, give this app's identity the role Storage Blob Data Contributor on the source, or give the source URL a SAS with read and write permission";

/**
 * Leases the source until the copy is settled. Returns null on success, and if no lease was requested. The lease id is
 * the copy's id, so a second call changes nothing, and the lease shows which copy holds it.
 */
export async function leaseSource(
  deps: ActivityDependencies,
  { instanceId, copy }: ActivityInput,
  sides: Sides,
): Promise<{ kind: "failed"; failure: Failure } | TransientFailure | null> {
  const { client, ledger } = deps;
  if (copy.leasesSource !== true) return null;
  const source = sides.source();
  if (!isInStorage(source)) return null;
  const action = `lease the source ${endpointUrl(copy.source)}`;
  const call = { call: "lease-source", action, side: source, unauthorizedFix } as const;
  const leased = await callStorage(deps, call, async () => {
    await client.leaseSource(source, instanceId);
    // The lock is read after the lease is taken, because settle fences the lock before it releases the source.
    if ((await ledger.lockUse(copy.destination, instanceId)) !== "closed") return null;
    await client.releaseSource(source, instanceId);
    const message = `Cannot continue because the copy has ended: ${instanceId}`;
    return transientFailure(failure("internal", message));
  });
  return leased.ok ? leased.value : toFailure(leased.verdict);
}

/**
 * Releases the source if it was leased. If the lease cannot be released, `residue` says why. `isAllowed`: the settings
 * allow the copy now. Otherwise the ledger must show that this copy leases this source: an input alone may name any
 * lease of any client.
 */
export async function releaseSource(
  deps: ActivityDependencies,
  { instanceId, copy }: ActivityInput,
  sides: Sides,
  { isAllowed }: { isAllowed: boolean },
): Promise<{ kind: "released"; residue: string[] } | TransientFailure> {
  if (copy.leasesSource !== true) return { kind: "released", residue: [] };
  const denial = checkSource(deps, copy.source, "release the lease on the source");
  if (denial !== null) return { kind: "released", residue: [denial.message] };
  if (!isAllowed && !(await mayHoldLease(deps, { instanceId, copy }))) {
    return { kind: "released", residue: [] };
  }
  const source = sides.source();
  if (!isInStorage(source)) return { kind: "released", residue: [] };
  const action = `release the lease ${instanceId} on the source ${endpointUrl(copy.source)}`;
  const call = { call: "lease-source", action, side: source } as const;
  const released = await callStorage(deps, call, () =>
    deps.client.releaseSource(source, instanceId),
  );
  if (released.ok || isNotLeased(released.response)) return { kind: "released", residue: [] };
  const { verdict } = released;
  return verdict.kind === "transient"
    ? toTransientFailure(verdict)
    : { kind: "released", residue: [verdict.failure.message] };
}

/** The copy's request says so, or the copy holds its lock: then it was allowed when it acquired it. */
async function mayHoldLease(
  { ledger }: ActivityDependencies,
  { instanceId, copy }: ActivityInput,
): Promise<boolean> {
  const url = endpointUrl(copy.source);
  if ((await ledger.readRecord(instanceId))?.leasedSource === url) return true;
  const lock = await ledger.readLock(copy.destination);
  if (lock === null || lock.instanceId !== instanceId || lock.copy === null) return false;
  return lock.copy.leasesSource === true && endpointUrl(lock.copy.source) === url;
}
