import { isTierOf } from "../../copy/request/copy-options.ts";
import type { Cause } from "../../copy/contract/failure.ts";
import { isNewer, isStub, whyNoContent } from "../../copy/decisions/overwrite.ts";
import {
  copySourceLength,
  endpointUrl,
  maxCopySourceLength,
} from "../../copy/location/endpoint.ts";
import { withName } from "../../copy/location/parse-endpoint.ts";
import type { JobInput } from "../contract/job-input.ts";
import type { Engine, Loss, PlannedAction, PlannedObject } from "../contract/page.ts";
import { blobIn } from "../contract/job-input.ts";
import { canCopyFromUrl } from "../contract/storage.ts";
import type { ListedBlob } from "../contract/storage.ts";

/** The parts of the job that decide about one object. */
export type PlannedJob = Pick<
  JobInput,
  "source" | "destination" | "options" | "sourceSas" | "destinationSas"
>;

/**
 * Plans one object from the listings of both sides. `name`: below the source. `existing`: the blob at its destination;
 * null if there is none.
 */
export function planObject(
  job: PlannedJob,
  name: string,
  blob: ListedBlob,
  existing: ListedBlob | null,
): PlannedObject {
  const { tags } = job.options;
  const action = refuseObject(job, name, blob) ?? refuseExisting(job, blob, existing);
  const loses = findLosses(job, blob);
  return {
    name,
    etag: blob.etag,
    length: blob.length,
    ...(action === null && blob.contentMd5 !== null ? { md5: blob.contentMd5 } : {}),
    type: blob.blobType,
    modified: blob.lastModified,
    ...(loses.length === 0 ? {} : { loses }),
    ...(tags === "source" ? { tags: blob.tags } : {}),
    do: action ?? {
      kind: "copy",
      engine: chooseEngine(job, blob),
      onto: existing === null ? { kind: "absent" } : { kind: "etag", etag: existing.etag },
      ...(existing !== null && isStub(existing) ? { ontoStub: true } : {}),
    },
  };
}

/** Copy Blob completes in the response within an account; Copy Blob From URL does so from other accounts, too. */
function chooseEngine(job: PlannedJob, blob: ListedBlob): Engine {
  const isSync = canCopyFromUrl(blob, { sourceConditions: null });
  return isSync && !isWithinAccount(job) ? "copy-blob-from-url" : "copy-blob";
}

/** Returns true if the app's identity alone authorizes a copy. */
export function isWithinAccount({ source, destination, destinationSas }: PlannedJob): boolean {
  const [from, to] = [source.container, destination.container];
  return destinationSas === null && from.origin === to.origin && from.account === to.account;
}

/** The object cannot be copied, regardless of its destination. */
function refuseObject(job: PlannedJob, name: string, blob: ListedBlob): PlannedAction | null {
  const { source, destination, options } = job;
  const from = blobIn(source, `${source.prefix}${name}`);
  const to = blobIn(destination, `${destination.prefix}${name}`);
  const url = endpointUrl(from);
  if (blob.copy?.status === "pending") {
    return fail("source-copy-pending", `another copy onto it is pending: ${url}`);
  }
  // If it becomes a stub after the listing, its ETag changes, so the start is refused.
  const noContent = whyNoContent(blob);
  if (noContent !== null) return fail("source-copy-failed", `${noContent}: ${url}`);
  if (blob.archived && (options.tier === null || options.tier === "Archive")) {
    return fail("source-archived", `it is archived: ${url}`);
  }
  if (options.tier !== null && !isTierOf(blob.blobType, options.tier)) {
    return fail("not-supported", `a ${blob.blobType} has no tier ${options.tier}: ${url}`);
  }
  if (options.sealBlob && blob.blobType !== "AppendBlob") {
    return fail("not-supported", `a ${blob.blobType} cannot be sealed: ${url}`);
  }
  const tooLong = copySourceLength({ endpoint: from, sas: null }) > maxCopySourceLength;
  const named = [withName(from, from.path), withName(to, to.path)];
  const problem = named.flatMap((each) => (each.ok ? [] : each.problems))[0];
  if (problem !== undefined) return fail("not-supported", `its name ${problem}: ${url}`);
  return tooLong ? fail("not-supported", `its URL is too long for a copy: ${url}`) : null;
}

/** The content of the destination prevents the copy, or makes it unnecessary. */
function refuseExisting(
  job: PlannedJob,
  blob: ListedBlob,
  existing: ListedBlob | null,
): PlannedAction | null {
  const { destination, options } = job;
  if (existing === null) return null;
  const url = endpointUrl(blobIn(destination, existing.name));
  switch (isStub(existing) ? "always" : options.overwrite) {
    case "fail":
      return fail("destination-exists", `its destination exists: ${url}`);
    case "skip":
      return { kind: "skip", reason: "The destination exists" };
    case "if-newer": {
      const source = blobIn(job.source, blob.name);
      const onto = blobIn(destination, existing.name);
      if (isNewer({ source, destination: onto }, blob, existing)) break;
      return { kind: "skip", reason: isAsNew };
    }
    case "always":
  }
  if (existing.copy?.status === "pending") {
    return fail("destination-busy", `another copy onto its destination is pending: ${url}`);
  }
  if (existing.archived) {
    return fail("destination-archived", `its destination is archived: ${url}`);
  }
  if (existing.blobType !== blob.blobType) {
    return fail("destination-type-mismatch", `its destination is a ${existing.blobType}: ${url}`);
  }
  return null;
}

export const isAsNew = "The destination is as new as the source, or newer";

function fail(cause: Cause, because: string): PlannedAction {
  return { kind: "fail", cause, message: `Cannot copy the object because ${because}` };
}

/** The properties of the source that a copy with these options lacks. */
function findLosses({ options }: PlannedJob, blob: ListedBlob): Loss[] {
  const losses: Loss[] = [];
  if (blob.tagCount > 0 && options.tags === null) losses.push("tags");
  if (blob.tier !== null && !blob.isTierInferred && options.tier === null) losses.push("tier");
  const keeps = options.immutabilityPolicy !== null || options.legalHold;
  if (blob.isRetained && !keeps) losses.push("retention");
  return losses;
}
