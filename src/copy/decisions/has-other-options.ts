import type { CopyStatusName } from "../contract/copy-status.ts";
import type { ShownProperties } from "../contract/properties.ts";
import type { CopyOptions } from "../request/copy-options.ts";

/** The options of a request that a read of the destination shows. */
export type ShownOptions = Pick<
  CopyOptions,
  "metadata" | "tier" | "tags" | "immutabilityPolicy" | "legalHold"
>;

/** Returns the options that a read of the destination shows; null if the request has none of them. */
export function pickShownOptions(options: CopyOptions): ShownOptions | null {
  const { metadata, tier, tags, immutabilityPolicy, legalHold } = options;
  const picked = { metadata, tier, tags, immutabilityPolicy, legalHold };
  return Object.values(picked).every((value) => value === null || value === false) ? null : picked;
}

/**
 * Returns true if a copy that was found at the destination shows that it has not been started with these options. A
 * copy sets the metadata when it starts, and the other properties when it has succeeded. Another client may have added
 * metadata and tags since. A blob that is being rehydrated still shows `Archive`.
 */
export function hasOtherOptions(
  { metadata, tier, tags, immutabilityPolicy, legalHold }: ShownOptions,
  status: CopyStatusName,
  shown: ShownProperties,
): boolean {
  const isMissing = Object.entries(metadata ?? {}).some(
    ([name, value]) => (shown.metadata[name.toLowerCase()] ?? "").trim() !== value.trim(),
  );
  if (isMissing || status !== "success") return isMissing;
  const hasOtherTier =
    tier !== null && shown.tier !== null && shown.tier !== "Archive" && shown.tier !== tier;
  const tagCount = tags === null || typeof tags === "string" ? 0 : Object.keys(tags).length;
  const hasFewerTags = shown.tagCount !== null && shown.tagCount < tagCount;
  const lacksPolicy = immutabilityPolicy !== null && !shown.hasPolicy;
  return hasOtherTier || hasFewerTags || lacksPolicy || (legalHold && !shown.hasLegalHold);
}
