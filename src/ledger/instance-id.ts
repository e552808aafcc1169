import { randomInt } from "node:crypto";
import { v7 } from "uuid";
import { timeOfId, toInstanceId } from "../copy/contract/ids.ts";
import type { InstanceId } from "../copy/contract/ids.ts";
import { day } from "../copy/durations.ts";
import { epochMs, parseTime, toIsoDay } from "../copy/time.ts";
import type { EpochMs } from "../copy/time.ts";

/** The last id that this process created, and the counter in it. */
let last = { now: epochMs(-1), seq: 0 };

/**
 * Creates the id of a copy, a UUID of version 7 (RFC 9562). It begins with the time, so the id is enough to find the
 * record of a copy, and records sort by age. Ids that one process creates in the same ms sort in the order of creation,
 * which is also that of a queue.
 */
export function newInstanceId(now: EpochMs): InstanceId {
  // The counter has 32 bits and begins in their lower half, as "Monotonicity and Counters" of the RFC recommends.
  const seq = now === last.now ? (last.seq + 1) >>> 0 : randomInt(2 ** 31);
  last = { now, seq };
  return toInstanceId(v7({ msecs: now, seq }));
}

const maxTime = 0xffff_ffff_ffff;
const maxDay = 99_999;

/**
 * `records/<inverted day>/<inverted time>-<id>`: List Blobs sorts by name, so the newest copy comes first, and a listing
 * with a delimiter returns the days.
 */
export function recordName(instanceId: InstanceId): string {
  const time = timeOfId(instanceId);
  const inverted = (maxTime - time).toString(16).padStart(12, "0");
  return `${dayFolder(toIsoDay(time))}${inverted}-${instanceId}`;
}

export const recordsFolder = "records/";

/** Returns true if the text has the form of a position in the list of copies: a time, and perhaps an id. */
export function isPosition(text: string): boolean {
  return /^\d{5}\/[0-9a-f]{12}-(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?$/.test(text);
}

/** The part of a position that all copies of the same ms share. */
export function timeOfPosition(position: string): string {
  return position.slice(0, position.indexOf("-") + 1);
}

/** The folder of the records of copies that were requested on this day in UTC ("2026-11-20"). */
export function dayFolder(isoDay: string): string {
  return `${recordsFolder}${String(maxDay - parseTime(isoDay) / day).padStart(5, "0")}/`;
}

/** The day of such a folder. */
export function dayOfFolder(folder: string): string {
  return toIsoDay(epochMs((maxDay - Number(folder.split("/")[1])) * day));
}

/** The id of the copy of a record's blob. */
export function instanceOf(name: string): InstanceId {
  return toInstanceId(name.slice(name.lastIndexOf("/") + 14));
}
