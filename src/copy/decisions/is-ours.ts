import { hasOtherMd5 } from "./content-md5.ts";
import { isEchoOf } from "../location/endpoint.ts";
import type { Endpoint } from "../location/endpoint.ts";
import type { CopyPlan } from "../contract/activities.ts";
import type { CopyProperties, DestinationProperties } from "../contract/properties.ts";
import { maxClockSkewMs, parseTime } from "../time.ts";

/**
 * Returns true if the last copy onto the destination can be the one that this plan started: it has our source, it began
 * after the plan (the destination did not exist then, or had a different ETag; a copy that was pending then would have
 * prevented the plan) and before the start could no longer arrive (only a pending copy shows when it began), and it
 * copies the planned content. If Ferry minted the source's SAS, its terms must match. The copy must hold the
 * destination's lock, so that no other single copy of Ferry matches. Other clients and jobs hold no lock.
 */
export function isOurs(
  plan: CopyPlan,
  source: Endpoint,
  destination: DestinationProperties,
): boolean {
  const { copy, etag } = destination;
  if (copy === null || etag === plan.destinationEtag) return false;
  if (endedBefore(plan, copy) || beganTooLate(plan, destination)) return false;
  if (hasOtherContent(plan, source, destination) || !hasOurSas(plan, source, copy)) return false;
  return isEchoOf(startedFrom(plan, source), copy.source);
}

/** Returns true if the copy reads its source with the SAS that Ferry minted for this plan, which no other copy has. */
export function isCertainlyOurs(
  { mintedSas }: CopyPlan,
  { service }: Endpoint,
  copy: Pick<CopyProperties, "source">,
): boolean {
  const [, query = ""] = copy.source.split("?");
  return service === "blob" && new URLSearchParams(query).get("scid") === mintedSas?.scid;
}

/** The endpoint that Storage copies from: the source, or the snapshot for a copy onto itself. */
export function startedFrom<E extends Endpoint>({ source: { snapshot } }: CopyPlan, source: E): E {
  return snapshot === undefined ? source : { ...source, snapshot };
}

/**
 * Returns true if the copy ended before the plan, which is possible when the blob was restored since (Undelete Blob).
 */
function endedBefore({ plannedAt }: CopyPlan, { completedAt }: CopyProperties): boolean {
  if (plannedAt === undefined || completedAt === null) return false;
  return completedAt < parseTime(plannedAt) - maxClockSkewMs;
}

/** The Last-Modified of a blob with a pending copy is the time of its start. */
function beganTooLate(
  { arrivesBy }: CopyPlan,
  { copy, blobType, lastModified }: DestinationProperties,
): boolean {
  if (arrivesBy === undefined || blobType === null || copy?.status !== "pending") return false;
  return lastModified > parseTime(arrivesBy);
}

/**
 * Returns true if the copy copies a different number of bytes than planned, or has copied content with another MD5. Only
 * a start from a blob onto a blob is conditional on the planned source ("Copy Blob", "Copy File").
 */
function hasOtherContent(
  { source: { length: planned, contentMd5: plannedMd5 } }: CopyPlan,
  { service }: Endpoint,
  { copy, blobType, length, contentMd5 }: DestinationProperties,
): boolean {
  if (service !== "blob" || blobType === null || planned === null || copy === null) return false;
  if (copy.status === "success" && hasOtherMd5(plannedMd5, contentMd5)) return true;
  const copied = copy.status === "success" ? length : (copy.progress?.totalBytes ?? planned);
  return copied !== planned;
}

/**
 * Returns true if the copy's source URL may have our minted SAS. Another client's copy of the same source has
 * another SAS. Some regions remove the signature from the URL that Storage returns. If one removes the whole
 * query, only the other conditions remain and the copy can be ours: rejecting our own copy would leave it running and
 * reported as failed. A SAS of Azure Files has no correlation id, so its expiry is compared.
 */
function hasOurSas({ mintedSas }: CopyPlan, { service }: Endpoint, copy: CopyProperties): boolean {
  const [, query] = copy.source.split("?");
  if (mintedSas === undefined || query === undefined) return true;
  const sas = new URLSearchParams(query);
  if (service === "blob") return sas.get("scid") === mintedSas.scid;
  const expiresAt = sas.get("se");
  return expiresAt === null || parseTime(expiresAt) === parseTime(mintedSas.expiresAt);
}
