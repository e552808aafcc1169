import type { CopyId } from "../../../copy/contract/ids.ts";
import { failure } from "../../../copy/contract/failure.ts";
import type { Failure } from "../../../copy/contract/failure.ts";
import { endpointUrl } from "../../../copy/location/endpoint.ts";
import { blobIn } from "../../../jobs/contract/job-input.ts";
import type { PlannedObject } from "../../../jobs/contract/page.ts";
import { unansweredPlans } from "../../../ledger/record.ts";
import type { CopyRecord } from "../../../ledger/record.ts";
import type { JobRun } from "./job-run.ts";
import { destinationOf } from "./object-state.ts";

/**
 * Returns why no copy may be started onto the stub at an object's destination; null if one may. Call it after the stub
 * was seen: a single copy holds the lock until it has restored the content that its rollback keeps, and after that the
 * destination no longer has the stub's ETag.
 */
export async function refuseHeldStub(run: JobRun, object: PlannedObject): Promise<Failure | null> {
  if ((await readHolder(run, object)) === null) return null;
  const destination = blobIn(run.sides.destination, destinationOf(run, object).name);
  const message = `Cannot copy the object because the copy that left an empty blob at its destination, or another one, has not ended and may restore content there: ${endpointUrl(destination)}`;
  return failure("destination-busy", message);
}

/**
 * Returns true if the copy that was read at an object's destination is, or may be, the single copy that holds the
 * destination's lock. Call it after the read, because a single copy registers its start before it sends it.
 */
export async function isOfHolder(
  run: JobRun,
  object: PlannedObject,
  copyId: CopyId,
): Promise<boolean> {
  const holder = await readHolder(run, object);
  if (holder === null) return false;
  const { record } = holder;
  // A holder that has no record yet has started nothing.
  return record !== null && (record.copyId === copyId || unansweredPlans(record).length > 0);
}

/** The single copy that holds the lock of an object's destination; null if none does. */
async function readHolder(
  run: JobRun,
  object: PlannedObject,
): Promise<{ record: CopyRecord | null } | null> {
  const { readLock, records } = run.deps.ledger;
  const lock = await readLock(blobIn(run.sides.destination, destinationOf(run, object).name));
  if (lock === null) return null;
  const record = await records.read(lock.instanceId);
  // It no longer holds the lock, as in `acquireLock`.
  if (record !== null && (record.outcome !== null || record.deletedAt !== null)) return null;
  return { record };
}
