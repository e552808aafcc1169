import { bareEtag } from "../../copy/location/etag.ts";
import { lockIdentityOf } from "../../copy/location/endpoint.ts";
import type { Destination } from "../../copy/location/endpoint.ts";
import { parseTime } from "../../copy/time.ts";
import type { EpochMs } from "../../copy/time.ts";
import type { ActivityInput, CopyPlan } from "../../copy/contract/activities.ts";
import type { Ledger } from "../../ledger/ledger.ts";

/*
 * Storage gives content that a rollback restores the time of its restoration. The ledger remembers its own time, by the
 * ETag that the destination has afterwards, as a claim of the copy that was rolled back. The purge removes it together
 * with the copy.
 */

/** No caller of the API has this name. */
const caller = "rollback";

function keyOf(destination: Destination, etag: string): { caller: string; key: string } {
  return { caller, key: `${lockIdentityOf(destination)} ${bareEtag(etag)}` };
}

/** When the content with this ETag was written, if a rollback has restored it (epoch ms); otherwise null. */
export async function readRestored(
  ledger: Ledger,
  destination: Destination,
  etag: string,
): Promise<EpochMs | null> {
  const claim = await ledger.findClaim(keyOf(destination, etag));
  return claim === null ? null : parseTime(claim.fingerprint);
}

/** Remembers when the content was written that the copy has replaced, and that now has the ETag `restored`. */
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
