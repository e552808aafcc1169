import type { Tags } from "../store/blob-rows.ts";
import { StorageError, type StorageErrorCode } from "../http/rest-errors.ts";
import { evaluateTagCondition } from "./tag-conditions.ts";

/** The blob, container or file that conditions apply to; undefined if it does not exist. */
type ConditionTarget = { etag: string; lastModified: number; tags?: Tags } | undefined;

type Headers = Readonly<Record<string, string>>;

/** The condition that is not met. */
type ConditionName =
  | "If-Match"
  | "If-None-Match"
  | "If-Modified-Since"
  | "If-Unmodified-Since"
  | "x-ms-if-tags";

/**
 * Conditions of a read. Unmet If-None-Match and If-Modified-Since return 304, the others 412 (REST
 * page "Specifying conditional headers for Blob Storage operations").
 */
export function requireReadConditions(headers: Headers, blob: ConditionTarget): void {
  // No blob that exists can meet this condition. Azure CLI's tests expect this code from Azure.
  if (headers["if-none-match"]?.trim() === "*") throw new StorageError("UnsatisfiableCondition");
  const unmet = findUnmetCondition(headers, blob, "");
  if (unmet === undefined) return;
  const isNotModified = unmet === "If-None-Match" || unmet === "If-Modified-Since";
  throw new StorageError("ConditionNotMet", isNotModified ? { status: 304 } : {});
}

/** Conditions of a write. Unmet conditions return 412, and `If-None-Match: *` returns 409 `BlobAlreadyExists`. */
export function requireWriteConditions(
  headers: Headers,
  blob: ConditionTarget,
  code: StorageErrorCode = "ConditionNotMet",
): void {
  const unmet = findUnmetCondition(headers, blob, "");
  if (unmet === undefined) return;
  if (unmet === "If-None-Match" && headers["if-none-match"]?.trim() === "*") {
    throw new StorageError("BlobAlreadyExists");
  }
  throw new StorageError(code);
}

/** Conditions `x-ms-source-if-*`. Unmet conditions return 412 (REST page "Copy Blob"). */
export function requireSourceConditions(headers: Headers, source: ConditionTarget): void {
  if (findUnmetCondition(headers, source, "x-ms-source-") !== undefined) {
    throw new StorageError("SourceConditionNotMet");
  }
}

/** All conditions must be met. Dates are compared in whole seconds, as in the headers. */
function findUnmetCondition(
  headers: Headers,
  blob: ConditionTarget,
  prefix: "" | "x-ms-source-",
): ConditionName | undefined {
  const ifMatch = headers[`${prefix}if-match`];
  const ifNoneMatch = headers[`${prefix}if-none-match`];
  const modifiedSince = parseDate(headers[`${prefix}if-modified-since`]);
  const unmodifiedSince = parseDate(headers[`${prefix}if-unmodified-since`]);

  if (ifMatch !== undefined && !matches(ifMatch, blob)) return "If-Match";
  if (ifNoneMatch !== undefined && matches(ifNoneMatch, blob)) return "If-None-Match";
  if (modifiedSince !== undefined && (blob === undefined || blob.lastModified <= modifiedSince)) {
    return "If-Modified-Since";
  }
  if (
    unmodifiedSince !== undefined &&
    (blob === undefined || blob.lastModified > unmodifiedSince)
  ) {
    return "If-Unmodified-Since";
  }
  return meetsTagCondition(headers, blob, prefix) ? undefined : "x-ms-if-tags";
}

/** Evaluates `x-ms-if-tags`, or `x-ms-source-if-tags` with the prefix `x-ms-source-`. */
export function meetsTagCondition(
  headers: Headers,
  blob: ConditionTarget,
  prefix: "" | "x-ms-source-",
): boolean {
  const condition = headers[prefix === "" ? "x-ms-if-tags" : "x-ms-source-if-tags"];
  return condition === undefined || evaluateTagCondition(condition, blob?.tags ?? {});
}

function matches(condition: string, blob: ConditionTarget): boolean {
  if (blob === undefined) return false;
  return condition
    .split(",")
    .map((etag) => etag.trim().replace(/^"|"$/g, ""))
    .some((etag) => etag === "*" || etag === blob.etag);
}

function parseDate(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new StorageError("InvalidHeaderValue");
  return time;
}
