import type { Tags } from "../store/blob-rows.ts";
import { StorageError, type StorageErrorCode } from "../http/rest-errors.ts";
import { evaluateTagCondition } from "./tag-conditions.ts";

/** What conditional headers speak about; undefined where there is no such blob. */
type ConditionTarget = { etag: string; lastModified: number; tags?: Tags } | undefined;

type Headers = Readonly<Record<string, string>>;

/** Which unmet condition broke a request. */
type ConditionName =
  | "If-Match"
  | "If-None-Match"
  | "If-Modified-Since"
  | "If-Unmodified-Since"
  | "x-ms-if-tags";

/**
 * Conditions of a read: unmet If-None-Match and If-Modified-Since answer 304, the others 412 (REST
 * page "Specifying conditional headers for Blob Storage operations").
 */
export function requireReadConditions(headers: Headers, blob: ConditionTarget): void {
  const unmet = findUnmetCondition(headers, blob, "");
  if (unmet === undefined) return;
  const isNotModified = unmet === "If-None-Match" || unmet === "If-Modified-Since";
  throw new StorageError("ConditionNotMet", isNotModified ? { status: 304 } : {});
}

/** Conditions of a write: 412, but 409 `BlobAlreadyExists` for `If-None-Match: *`. */
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

/** `x-ms-source-if-*`: 412 in every case (REST page "Copy Blob"). */
export function requireSourceConditions(headers: Headers, source: ConditionTarget): void {
  if (findUnmetCondition(headers, source, "x-ms-source-") !== undefined) {
    throw new StorageError("SourceConditionNotMet");
  }
}

/** Every given condition must hold; the dates compare whole seconds, as they are written. */
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

/** `x-ms-if-tags`, or `x-ms-source-if-tags` where `prefix` says so. */
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
