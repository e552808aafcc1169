import type { EpochMs } from "../time.ts";
import { parseTime, plusMs } from "../time.ts";
import { day } from "../durations.ts";
import { quotedName } from "../location/characters.ts";
import type { CopyOptions } from "./copy-options.ts";
import type { Problem } from "./request-problem.ts";

/**
 * The words that grant an option in the `allow` list of a pair or a route: each option changes the source, cannot be
 * undone, changes who may access the destination, or ends a copy of another client (`powers.ts`). "report" allows a
 * job to write its report there. Without words, a pair grants only reading its source, and writing and overwriting
 * its destination, which includes `pairGrant`.
 */
export const grants = [
  "hold-source",
  "lock",
  "legal-hold",
  "seal",
  "replace",
  "permissions",
  "report",
] as const;

export type Grant = (typeof grants)[number];

/** Every pair grants this word, because its callers own the destination. A route must list it. */
export const pairGrant = "replace" satisfies Grant;

export function isGrant(text: string): text is Grant {
  return grants.some((grant) => grant === text);
}

/** A problem for each text that is not a grant. */
export function unknownGrants(texts: readonly string[]): string[] {
  return texts
    .filter((text) => !isGrant(text))
    .map((text) => `has ${quotedName(text) ?? "a word"}, which is not one of ${grants.join(", ")}`);
}

/** The problem of an immutability policy that would last longer than `maxLockDays` from `now`; none otherwise. */
export function lockTooLong(
  { immutabilityPolicy }: CopyOptions,
  { maxLockDays, now }: { maxLockDays: number; now: EpochMs },
): Problem[] {
  if (immutabilityPolicy === null) return [];
  // Also true for a time that cannot be parsed.
  const isTooLong = !(parseTime(immutabilityPolicy.until) <= plusMs(now, maxLockDays * day));
  if (!isTooLong) return [];
  const message = `is more than ${maxLockDays} days from now, the maximum of COPY_MAX_LOCK_DAYS`;
  return [{ pointer: "/options/immutabilityPolicy/until", message }];
}
