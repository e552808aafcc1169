import { failure } from "../../copy/contract/failure.ts";
import type { Failure } from "../../copy/contract/failure.ts";
import { endpointUrl } from "../../copy/location/endpoint.ts";
import { blobIn } from "../../jobs/contract/job-input.ts";
import type { PlannedObject } from "../../jobs/contract/page.ts";
import type { JobRun } from "./job-run.ts";
import { destinationOf } from "./object-state.ts";

/**
 * Returns why no copy may be started onto the stub at an object's destination; null if one may. Call it after the stub
 * was seen: a single copy holds the lock until it has restored the content that its rollback keeps, and after that the
 * destination no longer has the stub's ETag.
 */
export async function refuseHeldStub(run: JobRun, object: PlannedObject): Promise<Failure | null> {
  const { readLock, records } = run.deps.ledger;
  const destination = blobIn(run.sides.destination, destinationOf(run, object).name);
  const lock = await readLock(destination);
  if (lock === null) return null;
  const holder = await records.read(lock.instanceId);
  // It no longer holds the lock, like in `acquireLock`.
  if (holder !== null && (holder.outcome !== null || holder.deletedAt !== null)) return null;
  const message = `Cannot copy the object because the copy that left an empty blob at its destination, or another one, has not ended and may restore content there: ${endpointUrl(destination)}`;
  return failure("destination-busy", message);
}
