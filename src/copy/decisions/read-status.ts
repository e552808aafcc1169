import type { CopyId } from "../contract/ids.ts";
import type { CopyStatus, FinalCopyStatus } from "../contract/copy-status.ts";
import { second } from "../durations.ts";
import { parseTime } from "../time.ts";
import type { EpochMs } from "../time.ts";
import { failure } from "../contract/failure.ts";
import type { Cause, Failure } from "../contract/failure.ts";
import { hasOtherMd5 } from "./content-md5.ts";
import { bareEtag } from "../location/etag.ts";
import { sasTerms } from "../location/sas.ts";
import type { Sas } from "../location/sas.ts";
import type { CopyProperties, DestinationProperties } from "../contract/properties.ts";
import type { CopyPlan, StartedCopy } from "../contract/activities.ts";

/**
 * Interprets the properties of the destination, null when it does not exist, as the status of our copy. The
 * copyId is compared first, because all other properties are those of the last writer ("Get Blob Properties",
 * x-ms-copy-id). `now` is epoch ms.
 */
export function interpretStatus(
  { plan, copyId }: StartedCopy,
  destination: DestinationProperties | null,
  source: { sas: Sas | null; now: EpochMs },
): CopyStatus {
  if (destination === null) {
    const message = `Cannot finish the copy because its destination was deleted: copyId ${copyId}`;
    return { kind: "gone", failure: failure("destination-deleted", message) };
  }
  const { copy, etag, length } = destination;
  if (copy === null || copy.copyId !== copyId) {
    const failed = supersededFailure(destination, copyId, plan.source);
    return { kind: "superseded", failure: failed };
  }
  const { status, progress, description } = copy;
  const final = { etag, endedAt: copy.completedAt };
  switch (status) {
    case "pending":
      return { kind: "pending", progress, warning: description, etag: bareEtag(etag) };
    case "aborted":
      return { kind: "aborted", progress, ...final };
    case "failed":
      return { kind: "failed", failure: copyFailure(copy, source, plan), progress, ...final };
    case "success": {
      // The length of a source that only Storage can read is known only from the progress.
      const planned = plan.source.length ?? progress?.totalBytes ?? length;
      const hasOtherContent =
        length !== planned || hasOtherMd5(plan.source.contentMd5, destination.contentMd5);
      if (hasOtherContent && plan.found === true) {
        // It is not certain that this copy is ours, and its content is complete, so Ferry must not remove it.
        const content = { ...plan.source, length: planned };
        return { kind: "superseded", failure: supersededFailure(destination, copyId, content) };
      }
      if (length !== planned) {
        const message = `Cannot trust the copy because the destination has ${length} bytes and the planned source had ${planned}: copyId ${copyId}`;
        return { kind: "failed", failure: failure("source-changed", message), progress, ...final };
      }
      // A copy that Storage completes within the start call may have no progress.
      return {
        kind: "success",
        progress: progress ?? { bytesCopied: length, totalBytes: length },
        ...final,
      };
    }
  }
}

/** "x-ms-copy-status-description": a status, a keyword and a sentence; only the first two are stable. */
const descriptions: readonly { status: number; keyword?: RegExp; cause: Cause; reason: string }[] =
  [
    { status: 404, cause: "source-not-found", reason: "the source was deleted" },
    { status: 401, cause: "source-unauthorized", reason: "the source could no longer be read" },
    { status: 403, cause: "source-unauthorized", reason: "the source could no longer be read" },
    { status: 412, cause: "source-changed", reason: "the source changed" },
    { status: 503, cause: "throttled", reason: "the source's account exceeded its limits" },
    { status: 502, cause: "source-unreadable", reason: "the source could not be read" },
    {
      status: 500,
      keyword: /maximum allowed time/,
      cause: "copy-timed-out",
      reason: "it took more than two weeks",
    },
    {
      status: 500,
      keyword: /reading the source/,
      cause: "source-unreadable",
      reason: "the source could not be read",
    },
  ];

/** The fix when a minted SAS expired during the copy. */
const longerSasFix =
  "Send the source with a SAS that is valid for two weeks, which an account key can sign; the app's own identity signs for at most seven days";

function copyFailure(
  copy: CopyProperties,
  { sas, now }: { sas: Sas | null; now: EpochMs },
  { mintedSas }: CopyPlan,
): Failure {
  const [, digits = "", code = null] = /^(\d{3}) (\w+)/.exec(copy.description ?? "") ?? [];
  const status = Number(digits);
  const row = descriptions.find(
    (each) => each.status === status && each.keyword?.test(copy.description ?? "") !== false,
  );
  const unauthorized = row?.cause === "source-unauthorized";
  const expiresAt =
    mintedSas === undefined ? sas && sasTerms(sas).expiresAt : parseTime(mintedSas.expiresAt);
  // Storage reports whole seconds.
  const expired = expiresAt !== null && expiresAt < (copy.completedAt ?? now) + second;
  const cause = unauthorized && expired ? "source-sas-expired" : (row?.cause ?? "internal");
  const storage = status === 0 ? null : { status, code };
  const details = `${code === null ? "no description" : `${status} ${code}`}, copyId ${copy.copyId}`;
  if (cause !== "source-sas-expired") {
    const because = row === undefined ? "" : ` because ${row.reason}`;
    return failure(cause, `Storage failed the copy${because}: ${details}`, storage);
  }
  if (mintedSas === undefined) {
    const message = `Storage failed the copy because the source SAS expired: ${details}`;
    return failure(cause, message, storage);
  }
  const message = `Storage failed the copy because it took longer than the seven days of its source SAS, which expired at ${mintedSas.expiresAt}: ${details}`;
  return { ...failure(cause, message, storage), fix: longerSasFix };
}

/** Builds the status of a copy whose destination can no longer be read, so that its outcome is unknown. */
export function unobservable(reason: Failure, copyId: CopyId): FinalCopyStatus {
  const message = `Cannot determine how the copy ended; it may have succeeded: ${reason.message}, copyId ${copyId}`;
  return { kind: "unobservable", failure: { ...reason, message } };
}

function supersededFailure(
  { copy, length, contentMd5 }: DestinationProperties,
  copyId: CopyId,
  planned: Pick<CopyPlan["source"], "length" | "contentMd5">,
): Failure {
  const change =
    copy === null
      ? "another client wrote the destination"
      : copy.copyId === copyId
        ? "its start got no response, and the copy at the destination has different content"
        : "another copy has replaced the destination";
  const isKnown = planned.length !== null;
  const conclusion =
    isKnown && length !== planned.length
      ? `it has ${length} bytes, not ${planned.length}`
      : hasOtherMd5(planned.contentMd5, contentMd5)
        ? "its Content-MD5 is not that of the planned source"
        : `${isKnown ? "its length matches, so " : ""}the copy may have succeeded`;
  const message = `Cannot determine how copy ${copyId} ended because ${change}: ${conclusion}`;
  return failure("superseded", message);
}
