import { randomInt } from "node:crypto";
import { v7 } from "uuid";
import { toInstanceId } from "../copy/contract/ids.ts";
import type { InstanceId } from "../copy/contract/ids.ts";
import { epochMs, toIsoDay } from "../copy/time.ts";
import type { EpochMs } from "../copy/time.ts";

/** The last id that this process created, and the counter in it. */
let last = { now: epochMs(-1), seq: 0 };

/**
 * Creates the id of a copy, a UUID of version 7 (RFC 9562). It begins with the time, so the record of a copy is found
 * from its id alone, and records sort by age. Ids that one process creates in the same ms sort in the order of creation,
 * which is also that of a queue.
 */
export function newInstanceId(now: EpochMs): InstanceId {
  // The counter has 32 bits and begins in their lower half, as "Monotonicity and Counters" of the RFC recommends.
  const seq = now === last.now ? (last.seq + 1) >>> 0 : randomInt(2 ** 31);
  last = { now, seq };
  return toInstanceId(v7({ msecs: now, seq }));
}

/** The day in UTC on which the id was created, "2026-11-20". */
export function dayOfId(instanceId: InstanceId): string {
  return toIsoDay(timeOfId(instanceId));
}

const maxTime = 0xffff_ffff_ffff;

/** `records/<inverted time>-<id>`: List Blobs sorts by name, so the newest copy comes first. */
export function recordName(instanceId: InstanceId): string {
  const inverted = (maxTime - timeOfId(instanceId)).toString(16).padStart(12, "0");
  return `records/${inverted}-${instanceId}`;
}

function timeOfId(instanceId: InstanceId): EpochMs {
  return epochMs(Number.parseInt(instanceId.slice(0, 8) + instanceId.slice(9, 13), 16));
}
