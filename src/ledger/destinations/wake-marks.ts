import type { InstanceId } from "../../copy/contract/ids.ts";
import { fullAllowance, spendWake } from "../../copy/polling/wake-allowance.ts";
import type { WakeAllowance } from "../../copy/polling/wake-allowance.ts";
import type { EpochMs } from "../../copy/time.ts";
import type { ConditionalBlobs, Found } from "../conditional-blobs.ts";
import { DamagedBlobError } from "../ledger-error.ts";
import { isWakeMark as isStoredMark } from "../stored-shapes.ts";

/**
 * How often the copy that holds a destination was woken: `destinations/<hash>/last-wake`. It is a separate blob, so a
 * wake never changes the lock. Stored: fields may be added, but never changed or removed.
 */
type WakeMark = {
  instanceId: InstanceId;
  /** The last (bare) ETag for which an event woke the copy. */
  etag?: string;
  /** The wakes by events that are left; absent if there was none. */
  left?: WakeAllowance;
  /** When the watchdog woke it last. */
  overdueAt?: EpochMs;
};

/** It sorts before the waiters, so the release of a destination always finds it. */
const markName = "last-wake";

export function isWakeMark(name: string): boolean {
  return name.endsWith(`/${markName}`);
}

/** Spends a wake of the copy for this ETag; false if none is left, or if the copy was woken for it before. */
export function spendEventWake(
  blobs: ConditionalBlobs,
  folder: string,
  { instanceId, etag, now }: { instanceId: InstanceId; etag: string; now: EpochMs },
): Promise<boolean> {
  return changeMark(blobs, folder, instanceId, (mark) => {
    if (mark.etag === etag) return null;
    const left = spendWake(mark.left ?? fullAllowance(now), now);
    return left === null ? null : { ...mark, etag, left };
  });
}

/** Records that the watchdog wakes the copy at `now`; false if it did so less than `intervalMs` ago. */
export function spendOverdueWake(
  blobs: ConditionalBlobs,
  folder: string,
  { instanceId, now, intervalMs }: { instanceId: InstanceId; now: EpochMs; intervalMs: number },
): Promise<boolean> {
  return changeMark(blobs, folder, instanceId, (mark) =>
    mark.overdueAt !== undefined && now - mark.overdueAt < intervalMs
      ? null
      : { ...mark, overdueAt: now },
  );
}

/** Removes the mark of a copy that has ended; `ended` null: no copy holds the destination. */
export async function removeWakeMark(
  blobs: ConditionalBlobs,
  name: string,
  ended: InstanceId | null,
): Promise<void> {
  const found = await readMark(blobs, name);
  if (found === null || (ended !== null && found.content.instanceId !== ended)) return;
  await blobs.remove(name, { etag: found.etag });
}

/** Removes the mark of the copy that holds the destination, regardless of its wakes. */
export async function removeMark(blobs: ConditionalBlobs, folder: string): Promise<void> {
  await blobs.remove(`${folder}${markName}`);
}

/** A mark only limits wakes, so a damaged one is removed and counts as none. */
async function readMark(blobs: ConditionalBlobs, name: string): Promise<Found<WakeMark> | null> {
  try {
    return await blobs.read<WakeMark>(name, isStoredMark);
  } catch (error) {
    if (!(error instanceof DamagedBlobError)) throw error;
    await blobs.remove(name);
    return null;
  }
}

/** Changes the mark of this copy, again after each write that lost to another writer; false if `update` returned null. */
async function changeMark(
  blobs: ConditionalBlobs,
  folder: string,
  instanceId: InstanceId,
  update: (mark: WakeMark) => WakeMark | null,
): Promise<boolean> {
  const name = `${folder}${markName}`;
  for (;;) {
    const found = await readMark(blobs, name);
    // A mark that a former holder of the destination left behind does not count.
    const isOwn = found?.content.instanceId === instanceId;
    const next = update(found !== null && isOwn ? found.content : { instanceId });
    if (next === null) return false;
    const written =
      found === null ? await blobs.create(name, next) : await blobs.replace(name, next, found.etag);
    if (written !== null) return true;
  }
}
