import type { CopyStatus } from "../../copy/contract/copy-status.ts";
import { endpointUrl } from "../../copy/location/endpoint.ts";
import { unobservable, interpretStatus } from "../../copy/decisions/read-status.ts";
import { hasSasExpired } from "../../copy/location/sas.ts";
import type { Sas } from "../../copy/location/sas.ts";
import type { PollInput } from "../../copy/contract/activities.ts";
import { UnsealError } from "../../secrets/seal.ts";
import { readableSas } from "../../storage/copy-client.ts";
import type { ActivityDependencies } from "./dependencies.ts";
import type { Sides } from "./sides.ts";
import { callStorage, toTransientFailure } from "./storage-call.ts";

/**
 * One poll. A refusal is a transient failure and not a final status, with two exceptions, which waiting cannot fix:
 * the destination's container or share no longer exists, or the SAS for reading it has expired.
 */
export async function readStatus(
  deps: ActivityDependencies,
  { copy, plan, copyId }: PollInput,
  sides: Sides,
): Promise<CopyStatus> {
  const destination = sides.destination();
  const action = `read the destination ${endpointUrl(copy.destination)}`;
  const call = { call: "read-destination", action, side: destination } as const;
  const read = await callStorage(deps, call, () => deps.client.readDestination(destination));
  const readAt = deps.now();
  if (read.ok) {
    // The terms of the source's SAS can only refine the cause of a failed copy.
    const sas = read.value?.copy?.status === "failed" ? sourceSas(sides) : null;
    const status = interpretStatus({ plan, copyId }, read.value, { sas, now: readAt });
    return { ...status, readAt };
  }
  const { verdict } = read;
  const { cause } = verdict.failure;
  if (verdict.kind === "permanent" && cause === "destination-not-found") {
    return { kind: "gone", failure: verdict.failure };
  }
  if (cause === "destination-unauthorized" && hasSasExpired(destination.sas, readAt)) {
    return unobservable(verdict.failure, copyId);
  }
  return toTransientFailure(verdict);
}

/** The source's SAS; null if there is none or if it cannot be opened. */
function sourceSas({ source }: Sides): Sas | null {
  try {
    return readableSas(source());
  } catch (error) {
    if (error instanceof UnsealError) return null;
    throw error;
  }
}
