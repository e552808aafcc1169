import { v7 } from "uuid";
import { toIsoDay } from "../copy/time.ts";

/**
 * Ids of copies are UUIDs of version 7 (RFC 9562): they begin with the time, so the record of a copy
 * is found from its id alone, and records sort by age.
 */
export function newInstanceId(now: Date): string {
  return v7({ msecs: now.getTime() });
}

/** Whether a text from outside can be the id of a copy at all. */
export function isInstanceId(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(text);
}

/** The day in UTC on which the id was made, "2026-11-20". */
export function dayOf(instanceId: string): string {
  return toIsoDay(timeIn(instanceId));
}

const latestTime = 0xffff_ffff_ffff;

/** `records/<inverted time>-<id>`: List Blobs goes by name, so the newest copy comes first. */
export function recordName(instanceId: string): string {
  const inverted = (latestTime - timeIn(instanceId)).toString(16).padStart(12, "0");
  return `records/${inverted}-${instanceId}`;
}

function timeIn(instanceId: string): number {
  return Number.parseInt(instanceId.slice(0, 8) + instanceId.slice(9, 13), 16);
}
