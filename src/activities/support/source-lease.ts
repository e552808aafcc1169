import type { TransientFailure } from "../../copy/contract/copy-status.ts";
import { endpointUrl } from "../../copy/location/endpoint.ts";
import type { Failure } from "../../copy/contract/failure.ts";
import type { ActivityInput } from "../../copy/contract/activities.ts";
import { isNotLeased } from "../../copy/decisions/storage-errors.ts";
import { isInStorage } from "../../storage/copy-client.ts";
import type { ActivityDependencies } from "./dependencies.ts";
import { checkSource } from "./access.ts";
import type { Sides } from "./sides.ts";
import { callStorage, toFailure, toTransientFailure } from "./storage-call.ts";

/** A lease requires read permission in addition to write permission ("Create a service SAS", permissions). */
const unauthorizedFix =
  "To use sourceLease, give this app's identity the role Storage Blob Data Contributor on the source, or give the source URL a SAS with read and write permission";

/**
 * Leases the source until the copy is settled. Returns null on success, and if no lease was requested. The lease id is
 * the copy's id, so a second call changes nothing, and the lease id names the copy that holds it.
 */
export async function leaseSource(
  deps: ActivityDependencies,
  { instanceId, copy }: ActivityInput,
  sides: Sides,
): Promise<{ kind: "failed"; failure: Failure } | TransientFailure | null> {
  const { client } = deps;
  if (copy.leasesSource !== true) return null;
  const source = sides.source();
  if (!isInStorage(source)) return null;
  const action = `lease the source ${endpointUrl(copy.source)}`;
  const call = { call: "lease-source", action, side: source, unauthorizedFix } as const;
  const leased = await callStorage(deps, call, () => client.leaseSource(source, instanceId));
  return leased.ok ? null : toFailure(leased.verdict);
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

/** Returns true if the record or the lock confirms the lease. The copy was allowed when it got either. */
async function mayHoldLease(
  { ledger }: ActivityDependencies,
  { instanceId, copy }: ActivityInput,
): Promise<boolean> {
  const url = endpointUrl(copy.source);
  const record = await ledger.records.read(instanceId);
  if (record !== null && record.leasesSource && record.source === url) return true;
  const lock = await ledger.readLock(copy.destination);
  if (lock === null || lock.instanceId !== instanceId) return false;
  return lock.copy.leasesSource === true && endpointUrl(lock.copy.source) === url;
}
