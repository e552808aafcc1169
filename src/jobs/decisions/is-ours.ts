import { bareEtag } from "../../copy/location/etag.ts";
import { isEchoOf } from "../../copy/location/endpoint.ts";
import { hasOtherMd5 } from "../../copy/decisions/content-md5.ts";
import { hasOtherOptions } from "../../copy/decisions/has-other-options.ts";
import { maxClockSkewMs, parseTime } from "../../copy/time.ts";
import type { EpochMs } from "../../copy/time.ts";
import type { JobInput } from "../contract/job-input.ts";
import type { PagePlan, PlannedObject } from "../contract/page.ts";
import { blobIn } from "../contract/job-input.ts";
import type { FoundDestination, JobCopyProperties } from "../contract/storage.ts";

/**
 * Returns true if the last copy onto the destination can be one that a run of this page started: it has our source, it is
 * not older than the plan, it copies the planned content with the job's options, and the destination is no longer in the
 * planned state, whose condition lets in one writer. Ask only if such a start may exist: one of an earlier or concurrent
 * run, or one that got no clear response; `until` (epoch ms) is when the last of them could arrive. A copy that was
 * pending at the destination when the page was planned has no start in the plan. Another client's copy of the same
 * content with the same options looks the same, unless it shows that it began after `until`.
 */
export function isOurs(
  { plannedAt, scid }: Pick<PagePlan, "plannedAt" | "scid">,
  { source, sourceSas, options }: Pick<JobInput, "source" | "sourceSas" | "options">,
  object: PlannedObject,
  { state, until }: { state: FoundDestination; until: EpochMs },
): boolean {
  const { etag, length, lastModified, contentMd5, copy, shown } = state;
  if (copy === null || object.do.kind !== "copy") return false;
  const { onto, engine } = object.do;
  if (onto.kind === "etag" && bareEtag(onto.etag) === bareEtag(etag)) return false;
  if (copy.completedAt !== null && copy.completedAt < parseTime(plannedAt) - maxClockSkewMs) {
    return false;
  }
  // The Last-Modified of a blob with a pending copy is the time of its start.
  if (copy.status === "pending" && lastModified > until) return false;
  if (engine === "copy-blob-from-url" && endedAfter(until, copy)) return false;
  const copied = copy.status === "success" ? length : copy.progress?.totalBytes;
  if (copied !== undefined && copied !== object.length) return false;
  if (copy.status === "success" && hasOtherMd5(object.md5, contentMd5)) return false;
  if (hasOtherOptions(options, copy.status, shown)) return false;
  if (sourceSas === null && hasOtherSas(copy.source, scid)) return false;
  return isEchoOf(blobIn(source, `${source.prefix}${object.name}`), copy.source);
}

/**
 * Returns true if the copy ended too late to be a copy by Copy Blob From URL, which is complete when Storage responds.
 * `until`: the latest time at which the start could arrive. The time by which clocks may differ also covers the copying of
 * the 256 MiB that the operation allows. A copy by Copy Blob may be pending for days.
 */
function endedAfter(until: EpochMs, { completedAt }: JobCopyProperties): boolean {
  return completedAt !== null && completedAt > until + maxClockSkewMs;
}

/** Returns true if the copy reads its source with a SAS, and Ferry did not mint it. Storage may show no SAS. */
function hasOtherSas(source: string, scid: string): boolean {
  const [, query = ""] = source.split("?");
  const sas = new URLSearchParams(query);
  return sas.has("sv") && sas.get("scid") !== scid;
}
