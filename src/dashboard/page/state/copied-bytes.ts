import type { Row } from "./rows.ts";
import { addBytes } from "./throughput.ts";
import type { Throughput } from "./throughput.ts";

/** Bytes that were copied from `from` to `to` (epoch ms). */
export type CopiedBytes = { bytes: number; from: number; to: number };

/** What counting needs: the time now, and when the page has last received a list without the copy (epoch ms). */
type Received = { now: number; absentAt: number };

/**
 * Returns what a copy has copied between two states that the page has received. The duration is that between Ferry's
 * polls, because the page receives a state later.
 */
export function copiedBetween(
  before: Row | undefined,
  row: Row,
  { now, absentAt }: Received,
): CopiedBytes {
  const bytes = (row.item.bytes ?? 0) - (before?.item.bytes ?? 0);
  const readAt = readTime(row) ?? now;
  const since = (before === undefined ? null : readTime(before)) ?? startTime(row);
  const took = Math.max(0, readAt - since);
  // The browser's clock may differ from the app's: what is new happened after the page had received the state before,
  // and two durations of one copy do not overlap.
  const { countedTo = null, progressSeenAt = absentAt } = before ?? {};
  const estimate = readAt < progressSeenAt ? now : readAt;
  const to = Math.min(now, countedTo === null ? estimate : countedTo + took);
  return { bytes, from: Math.max(to - took, countedTo ?? 0), to };
}

/** Counts what a copy has copied since the state before, and notes up to when. */
export function countCopied(
  throughput: Throughput,
  { before, row, ...received }: { before: Row | undefined; row: Row } & Received,
): { throughput: Throughput; row: Row } {
  const copied = copiedBetween(before, row, received);
  const countedTo = readTime(row) === null ? row.countedTo : copied.to;
  return { throughput: addBytes(throughput, copied), row: { ...row, countedTo } };
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
