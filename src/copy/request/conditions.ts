import { z } from "zod";
import { parseTime, utcTime } from "../time.ts";
import { bareEtag } from "../location/etag.ts";

/**
 * What must hold of a blob ("Specifying conditional headers for Blob service operations"). ETags and
 * times are judged by what was read when the copy was planned, and the start is pinned to that ETag;
 * `ifTags` is a question to Storage, asked with the read and again with the start.
 */
export type Conditions = {
  ifMatch?: string;
  ifNoneMatch?: string;
  ifModifiedSince?: string;
  ifUnmodifiedSince?: string;
  /** An expression over the blob's index tags (x-ms-if-tags). */
  ifTags?: string;
};

const etag = z
  .string()
  .regex(/^(\*|"?[\x21\x23-\x7e]+"?)$/, { error: 'must be an ETag, or "*"' })
  .max(256);

/** "Copy Blob", x-ms-if-tags: a header of at most 2 KiB. */
const expression = z.string().regex(/^[\x21-\x7e]([\x20-\x7e]{0,2046}[\x21-\x7e])?$/, {
  error: "must be an expression over tags, such as \"project\" = 'x', in ASCII",
});

export const conditionsShape = z.strictObject({
  ifMatch: etag.exactOptional(),
  ifNoneMatch: etag.exactOptional(),
  ifModifiedSince: utcTime.exactOptional(),
  ifUnmodifiedSince: utcTime.exactOptional(),
  ifTags: expression.exactOptional(),
});

/** The first of the conditions on ETag and time that does not hold; null where all do. */
export function unmetCondition(
  conditions: Conditions | null,
  seen: { etag: string; lastModified: number } | null,
): keyof Conditions | null {
  if (conditions === null) return null;
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince, ifTags } = conditions;
  if (seen === null) {
    if (ifMatch !== undefined) return "ifMatch";
    if (ifModifiedSince !== undefined) return "ifModifiedSince";
    return ifTags === undefined ? null : "ifTags";
  }
  const matches = (wanted: string) => wanted === "*" || bareEtag(wanted) === bareEtag(seen.etag);
  if (ifMatch !== undefined && !matches(ifMatch)) return "ifMatch";
  if (ifNoneMatch !== undefined && matches(ifNoneMatch)) return "ifNoneMatch";
  if (ifModifiedSince !== undefined && seen.lastModified <= parseTime(ifModifiedSince)) {
    return "ifModifiedSince";
  }
  if (ifUnmodifiedSince !== undefined && seen.lastModified > parseTime(ifUnmodifiedSince)) {
    return "ifUnmodifiedSince";
  }
  return null;
}

/** A condition that no blob can meet, beside another of the same list; null where there is none. */
export function impossibleCondition(conditions: Conditions): keyof Conditions | null {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  if (ifMatch !== undefined && ifNoneMatch !== undefined) {
    if (ifNoneMatch === "*" || bareEtag(ifMatch) === bareEtag(ifNoneMatch)) return "ifNoneMatch";
  }
  return ifModifiedSince !== undefined &&
    ifUnmodifiedSince !== undefined &&
    parseTime(ifModifiedSince) >= parseTime(ifUnmodifiedSince)
    ? "ifUnmodifiedSince"
    : null;
}
