import { day } from "../durations.ts";
import { epochMs } from "../time.ts";
import type { EpochMs } from "../time.ts";

declare const copyIdBrand: unique symbol;
declare const instanceIdBrand: unique symbol;

/** Storage's id of a copy operation (`x-ms-copy-id`). Stored JSON contains it as a string. */
export type CopyId = string & { readonly [copyIdBrand]: true };

/** The id of a copy, which is also the id of its orchestration instance. Stored JSON contains it as a string. */
export type InstanceId = string & { readonly [instanceIdBrand]: true };

/** Types an `x-ms-copy-id` of a response from Storage. */
export function toCopyId(response: string): CopyId {
  return response as CopyId; // the brand has no runtime value, so only a cast can add it
}

/** Types the id of a copy where Ferry creates it, or where Durable or the ledger returns it. */
export function toInstanceId(text: string): InstanceId {
  return text as InstanceId; // the brand has no runtime value, so only a cast can add it
}

/** Ids must have an earlier time, because a record's name has only five digits for its day (year 2243). */
const endOfIds = epochMs(100_000 * day);

/**
 * Returns true if the text has the form of a copy's id, a UUID of version 7. The ledger's blobs are named after it, so
 * every id that does not come from Ferry itself is checked.
 */
export function isInstanceId(text: string): text is InstanceId {
  return (
    /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(text) &&
    timeOfId(toInstanceId(text)) < endOfIds
  );
}

/** The time with which the id of a copy begins (epoch ms; RFC 9562): when the copy was requested. */
export function timeOfId(instanceId: InstanceId): EpochMs {
  return epochMs(Number.parseInt(instanceId.slice(0, 8) + instanceId.slice(9, 13), 16));
}
