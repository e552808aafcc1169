import { z } from "zod";
import { parseTime, utcTime } from "../time.ts";
import type { EpochMs } from "../time.ts";
import { bareEtag } from "../location/etag.ts";
import { hasSignature } from "../location/storage-names.ts";

/**
 * Conditions on a blob ("Specifying conditional headers for Blob service operations"). Ferry checks ETags
 * and times against the properties that it read when it planned the copy, and starts the copy only on that
 * ETag. Storage checks `ifTags`, with the read and again with the start.
 */
export type Conditions = {
  ifMatch?: string;
  ifNoneMatch?: string;
  ifModifiedSince?: string;
  ifUnmodifiedSince?: string;
  /** An expression over the blob's index tags (x-ms-if-tags). */
  ifTags?: string;
};

const noSignature = (schema: z.ZodString) =>
  schema.refine((text) => !hasSignature(text), { error: "must not contain a SAS" });

const etag = noSignature(
  z
    .string()
    .regex(/^(\*|"[\x21\x23-\x7e]+"|[\x21\x23-\x7e]+)$/, { error: 'must be an ETag, or "*"' })
    .max(256),
);

/** "Copy Blob", x-ms-if-tags: a header of at most 2 KiB. */
const expression = noSignature(
  z.string().regex(/^[\x21-\x7e]([\x20-\x7e]{0,2046}[\x21-\x7e])?$/, {
    error: "must be an expression on tags in ASCII, such as \"project\" = 'x'",
  }),
);

export const conditionsShape = z.strictObject({
  ifMatch: etag.exactOptional(),
  ifNoneMatch: etag.exactOptional(),
  ifModifiedSince: utcTime.exactOptional(),
  ifUnmodifiedSince: utcTime.exactOptional(),
  ifTags: expression.exactOptional(),
});

/**
 * The first condition on ETag or time that does not hold; null when all hold. `properties` is null when the
 * blob does not exist; its `lastModified` is epoch ms.
 */
export function unmetCondition(
  conditions: Conditions | null,
  properties: { etag: string; lastModified: EpochMs } | null,
): keyof Conditions | null {
  if (conditions === null) return null;
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince, ifTags } = conditions;
  if (properties === null) {
    if (ifMatch !== undefined) return "ifMatch";
    if (ifModifiedSince !== undefined) return "ifModifiedSince";
    return ifTags === undefined ? null : "ifTags";
  }
  const { etag: current, lastModified } = properties;
  const matches = (wanted: string) => wanted === "*" || bareEtag(wanted) === bareEtag(current);
  if (ifMatch !== undefined && !matches(ifMatch)) return "ifMatch";
  if (ifNoneMatch !== undefined && matches(ifNoneMatch)) return "ifNoneMatch";
  if (ifModifiedSince !== undefined && lastModified <= parseTime(ifModifiedSince)) {
    return "ifModifiedSince";
  }
  if (ifUnmodifiedSince !== undefined && lastModified > parseTime(ifUnmodifiedSince)) {
    return "ifUnmodifiedSince";
  }
  return null;
}

/** A condition that no blob can meet together with the others; null when there is none. */
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
