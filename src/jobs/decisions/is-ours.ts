import { bareEtag } from "../../copy/location/etag.ts";
import { isEchoOf } from "../../copy/location/endpoint.ts";
import { maxClockSkewMs, parseTime } from "../../copy/time.ts";
import type { JobPlace } from "../contract/job-input.ts";
import type { PagePlan, PlannedObject } from "../contract/page.ts";
import { blobIn } from "../contract/job-input.ts";
import type { DestinationState } from "../contract/storage.ts";

/**
 * Returns true if the last copy onto the destination can be one that a run of this page started: it has our source, it is
 * not older than the plan, and the destination is no longer in the planned state, whose condition lets in one writer.
 * Ask only if such a start may exist: one of an earlier or concurrent run, or one that got no clear response. A copy
 * that was pending at the destination when the page was planned has no start in the plan.
 */
export function isOurs(
  plan: Pick<PagePlan, "plannedAt">,
  { source }: { source: JobPlace },
  object: PlannedObject,
  { etag, length, copy }: DestinationState,
): boolean {
  if (copy === null || object.do.kind !== "copy") return false;
  const { onto } = object.do;
  if (onto.kind === "etag" && bareEtag(onto.etag) === bareEtag(etag)) return false;
  if (copy.completedAt !== null && copy.completedAt < parseTime(plan.plannedAt) - maxClockSkewMs) {
    return false;
  }
  if (copy.status === "success" && length !== object.length) return false;
  return isEchoOf(blobIn(source, `${source.prefix}${object.name}`), copy.source);
}
