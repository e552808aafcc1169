import type { Row } from "./rows.ts";

/** Bytes that were copied from `from` to `to` (epoch ms). */
export type CopiedBytes = { bytes: number; from: number; to: number };

/**
 * Returns what a copy has copied between two states that the page has received. The times are those of Ferry's polls and
 * of Storage, because the page receives a state later.
 */
export function copiedBetween(before: Row | undefined, row: Row, now: number): CopiedBytes {
  const bytes = (row.item.bytes ?? 0) - (before?.item.bytes ?? 0);
  const readAt = readTime(row) ?? now;
  const since = (before === undefined ? null : readTime(before)) ?? startTime(row);
  // The browser's clock may differ from the app's. Ferry polled after the page had received the state before.
  const to = Math.min(now, Math.max(readAt, before?.progressSeenAt ?? readAt));
  return { bytes, from: to - Math.max(0, readAt - since), to };
}

/** When the bytes of a state were read or, of a copy that has ended, when it completed; null before a poll. */
function readTime({ item: { completedAt, progress } }: Row): number | null {
  const at = completedAt ?? progress?.readAt ?? null;
  return at === null ? null : Date.parse(at);
}

/** Lists do not have the time of the start. */
function startTime({ item, copy }: Row): number {
  return Date.parse(copy?.startedAt ?? item.createdAt);
}
