import type { CopyStatus, FinalCopyStatus } from "../contract/copy-status.ts";
import { parseTime } from "../time.ts";
import { failure } from "../contract/failure.ts";
import type { Cause, Failure } from "../contract/failure.ts";
import { sasTerms } from "../location/sas.ts";
import type { Sas } from "../location/sas.ts";
import type { CopyProperties, DestinationProperties } from "../contract/properties.ts";
import type { CopyPlan, StartedCopy } from "../contract/activities.ts";

/**
 * What a look at the destination says about our copy. The copyId is compared first: every other
 * property belongs to whoever wrote last ("Get Blob Properties", x-ms-copy-id).
 */
export function interpretStatus(
  { plan, copyId }: StartedCopy,
  seen: DestinationProperties | null,
  source: { sas: Sas | null; now: number },
): CopyStatus {
  if (seen === null) {
    const message = `Cannot finish the copy as its destination was deleted: copyId ${copyId}`;
    return { kind: "gone", failure: failure("destination-deleted", message) };
  }
  if (seen.copy === null || seen.copy.copyId !== copyId) {
    return { kind: "superseded", failure: supersededBy(seen, copyId, plan.source.length) };
  }
  const { status, progress, description } = seen.copy;
  const end = { etag: seen.etag, endedAt: seen.copy.completedAt };
  switch (status) {
    case "pending":
      return { kind: "pending", progress, warning: description };
    case "aborted":
      return { kind: "aborted", progress, ...end };
    case "failed":
      return { kind: "failed", failure: copyFailure(seen.copy, source, plan), progress, ...end };
    case "success": {
      // Of a source that only Storage can read, Storage says how long it was.
      const planned = plan.source.length ?? progress?.totalBytes ?? seen.length;
      if (seen.length !== planned) {
        const message = `Cannot trust the copy as the destination has ${seen.length} bytes and the planned source had ${planned}: copyId ${copyId}`;
        return { kind: "failed", failure: failure("source-changed", message), progress, ...end };
      }
      // A copy that Storage finished within the start call may come without a progress.
      return {
        kind: "success",
        progress: progress ?? { bytesCopied: seen.length, totalBytes: seen.length },
        ...end,
      };
    }
  }
}

/** "x-ms-copy-status-description": a status, a keyword and a sentence; only the first two are stable. */
const descriptions: readonly { status: number; keyword?: RegExp; cause: Cause; says: string }[] = [
  { status: 404, cause: "source-not-found", says: "the source was deleted" },
  { status: 401, cause: "source-unauthorized", says: "the source could no longer be read" },
  { status: 403, cause: "source-unauthorized", says: "the source could no longer be read" },
  { status: 412, cause: "source-changed", says: "the source changed" },
  { status: 503, cause: "throttled", says: "the source was over its limits" },
  { status: 502, cause: "source-unreadable", says: "the source could not be read" },
  {
    status: 500,
    keyword: /maximum allowed time/,
    cause: "copy-timed-out",
    says: "it took over two weeks",
  },
  {
    status: 500,
    keyword: /reading the source/,
    cause: "source-unreadable",
    says: "the source could not be read",
  },
];

const longerSas =
  "Send the source with a SAS that lives for two weeks, which an account key can sign; the app's own identity signs for seven days at most";

function copyFailure(
  copy: CopyProperties,
  { sas, now }: { sas: Sas | null; now: number },
  { mintedSas }: CopyPlan,
): Failure {
  const [, digits = "", code = null] = /^(\d{3}) (\w+)/.exec(copy.description ?? "") ?? [];
  const status = Number(digits);
  const row = descriptions.find(
    (each) => each.status === status && each.keyword?.test(copy.description ?? "") !== false,
  );
  const unauthorized = row?.cause === "source-unauthorized";
  const endsAt =
    mintedSas === undefined ? sas && sasTerms(sas).expiresAt : parseTime(mintedSas.expiresAt);
  // Storage tells whole seconds.
  const expired = endsAt !== null && endsAt < (copy.completedAt ?? now) + 1_000;
  const cause = unauthorized && expired ? "source-sas-expired" : (row?.cause ?? "internal");
  const said = code === null ? "nothing more" : `${status} ${code}`;
  const storage = status === 0 ? null : { status, code };
  const told = `${said}, copyId ${copy.copyId}`;
  if (cause !== "source-sas-expired") {
    return failure(cause, `Storage failed the copy as ${row?.says ?? "it says"}: ${told}`, storage);
  }
  if (mintedSas === undefined) {
    return failure(cause, `Storage failed the copy as the source SAS ended: ${told}`, storage);
  }
  const message = `Storage failed the copy as it outlived the seven days of its source SAS, which ended at ${mintedSas.expiresAt}: ${told}`;
  return { ...failure(cause, message, storage), fix: longerSas };
}

/** How it ended, or will end, cannot be known: nobody can look. */
export function unobservable(reason: Failure, copyId: string): FinalCopyStatus {
  const message = `Cannot tell how the copy ended, it may have succeeded: ${reason.message}, copyId ${copyId}`;
  return { kind: "unobservable", failure: { ...reason, message } };
}

function supersededBy(
  seen: DestinationProperties,
  copyId: string,
  plannedLength: number | null,
): Failure {
  const by =
    seen.copy === null ? "was written by somebody else" : `carries copy ${seen.copy.copyId}`;
  const fits =
    plannedLength === null || seen.length === plannedLength
      ? `${plannedLength === null ? "" : "its length fits, so "}the copy may have succeeded`
      : `it has ${seen.length} bytes, not ${plannedLength}`;
  const message = `Cannot tell how copy ${copyId} ended as the destination ${by} meanwhile: ${fits}`;
  return failure("superseded", message);
}
