import { bareEtag } from "../../copy/location/etag.ts";
import { lockIdentityOf } from "../../copy/location/endpoint.ts";
import type { Destination } from "../../copy/location/endpoint.ts";
import { parseTime } from "../../copy/time.ts";
import type { EpochMs } from "../../copy/time.ts";
import type { ActivityInput, CopyPlan } from "../../copy/contract/activities.ts";
import type { Ledger } from "../../ledger/ledger.ts";

/*
 * Content that a rollback restores gets the time of its restoration in Storage. The ledger keeps the time at which it
 * was written, under the ETag that the destination has afterwards, as a claim of the copy that was rolled back. The
 * purge removes it together with the copy.
 */

/** No caller of the API can have this name. */
const caller = "rollback";

function keyOf(destination: Destination, etag: string): { caller: string; key: string } {
  return { caller, key: `${lockIdentityOf(destination)} ${bareEtag(etag)}` };
}

/** Returns when the content with this ETag was written (epoch ms) if a rollback has restored it; otherwise null. */
export async function readRestored(
  ledger: Ledger,
  destination: Destination,
  etag: string,
): Promise<EpochMs | null> {
  const claim = await ledger.findClaim(keyOf(destination, etag));
  return claim === null ? null : parseTime(claim.fingerprint);
}

/** Records when the restored content was written. `restored`: the ETag that it has now. */
export async function recordRestored(
  ledger: Ledger,
  { instanceId, copy: { destination } }: ActivityInput,
  { plan, restored }: { plan: CopyPlan | null; restored: string },
): Promise<void> {
  if (plan === null || plan.destinationEtag === null || plan.formerModifiedAt === undefined) return;
  const former = await ledger.findClaim(keyOf(destination, plan.destinationEtag));
  const fingerprint = former?.fingerprint ?? plan.formerModifiedAt;
  await ledger.claim(keyOf(destination, restored), { instanceId, fingerprint });
}
