import { hasEnded } from "../../../client/ferry.ts";
import type { Copy, CopySummary } from "../../../client/ferry.ts";
import { plainUrl } from "../text/urls.ts";

/** What the page knows about a copy. */
export type Row = {
  item: CopySummary;
  /** The whole copy, if the page has read it. */
  copy: Copy | null;
  /** When the page received this progress (epoch ms of this browser). */
  progressSeenAt: number;
  /** Up to when its bytes are counted in the throughput (epoch ms of this browser); null if none are. */
  countedTo: number | null;
  /** What a search compares with. */
  text: string;
};

export type Rows = ReadonlyMap<string, Row>;

/** Builds the row of a copy from its newest state and what was known before. */
export function updateRow(before: Row | undefined, item: CopySummary, now: number): Row {
  if (before !== undefined && isOlder(item, before.item)) return before;
  const isSameProgress = before?.item.progress?.readAt === item.progress?.readAt;
  const copy = before?.copy ?? null;
  return {
    item,
    copy: copy !== null && copy.status === item.status ? copy : null,
    progressSeenAt: before !== undefined && isSameProgress ? before.progressSeenAt : now,
    countedTo: before?.countedTo ?? null,
    text: before?.text ?? searchText(item),
  };
}

/** A list may have been read before the copy ended, or before Ferry's latest poll. */
function isOlder(item: CopySummary, known: CopySummary): boolean {
  if (hasEnded(item)) return false;
  if (hasEnded(known)) return true;
  const [readAt, knownReadAt] = [item.progress?.readAt ?? null, known.progress?.readAt ?? null];
  return readAt !== null && knownReadAt !== null && Date.parse(readAt) < Date.parse(knownReadAt);
}

export function rowOfCopy(before: Row | undefined, copy: Copy, now: number): Row {
  const row = updateRow(before, itemOfCopy(copy), now);
  return row === before ? before : { ...row, copy };
}

/** The retries of copies that the page knows: the ids of the new copies, by the id of the copy that they repeat. */
export type Retries = ReadonlyMap<string, readonly string[]>;

/** Returns the retries with this copy, if it is one. A list does not show which copy a retry repeats. */
export function noteRetry(retries: Retries, { id, retryOf }: Copy): Retries {
  const known = retryOf === null ? [] : (retries.get(retryOf) ?? []);
  if (retryOf === null || known.includes(id)) return retries;
  return new Map(retries).set(retryOf, [...known, id]);
}

function itemOfCopy(copy: Copy): CopySummary {
  const { id, status, source, destination, createdAt, completedAt, error, progress, links } = copy;
  return {
    id,
    status,
    source,
    destination,
    createdAt,
    completedAt,
    cause: error?.cause ?? null,
    bytes: progress?.bytesCopied ?? null,
    progress: completedAt === null ? progress : null,
    links,
  };
}

function searchText({ id, source, destination }: CopySummary): string {
  return [id, source, destination, plainUrl(source), plainUrl(destination)]
    .join("\n")
    .toLowerCase();
}

/** How far a copy is: what Storage has reported, and where it probably is by now, at the rate that it had. */
export type Progress = { bytes: number; totalBytes: number; estimatedBytes: number };

export function progressOf({ item, progressSeenAt }: Row, now: number): Progress | null {
  const { progress } = item;
  if (progress === null) return null;
  const { bytesCopied: bytes, totalBytes, bytesPerSecond } = progress;
  const since = Math.max(0, now - progressSeenAt) / 1_000;
  const copied = item.status === "copying" ? (bytesPerSecond ?? 0) * since : 0;
  return { bytes, totalBytes, estimatedBytes: Math.min(totalBytes, bytes + copied) };
}

/** What a filter of the list shows: all copies, those that run, or those with one final status. */
export const statusFilters = [
  "all",
  "running",
  "failed",
  "succeeded",
  "aborted",
  "skipped",
] as const;

export type StatusFilter = (typeof statusFilters)[number];

export function hasStatus({ item }: Row, filter: StatusFilter): boolean {
  if (filter === "all") return true;
  return filter === "running" ? !hasEnded(item) : item.status === filter;
}

/**
 * Returns the newest running copies that the app's list may lack because of its filter. Without reads of their own, they
 * would never end on the page: for example a retry that was started among the failed copies.
 */
export function hiddenIds(
  rows: Rows,
  { status, source, destination }: { status: StatusFilter; source: string; destination: string },
  max: number,
): readonly string[] {
  const hasRunning = status === "all" || status === "running";
  if (hasRunning && source === "" && destination === "") return [];
  const running = [...rows.values()].filter(({ item }) => !hasEnded(item));
  // An id begins with the time of its request.
  const ids = running.map(({ item }) => item.id).toSorted((one, other) => (one < other ? 1 : -1));
  return ids.slice(0, max);
}

/** Returns the number of copies with each status. */
export function countStatuses(rows: Rows): Record<StatusFilter, number> {
  const counts = { all: 0, running: 0, failed: 0, succeeded: 0, aborted: 0, skipped: 0 };
  for (const { item } of rows.values()) {
    const { status } = item;
    const isRunning = status === "queued" || status === "copying" || status === "aborting";
    counts.all++;
    counts[isRunning ? "running" : status]++;
  }
  return counts;
}

/** The sum of the rates of the copies that run, in bytes per second. */
export function totalRate(rows: Rows): number {
  let rate = 0;
  for (const { item } of rows.values()) rate += item.progress?.bytesPerSecond ?? 0;
  return rate;
}
