import type { CopySummary, Page } from "../../../client/ferry.ts";
import { hasStatus } from "./rows.ts";
import type { Row, Rows, StatusFilter } from "./rows.ts";

/** The filters that the app applies. `source` and `destination`: beginnings of URLs, or empty. */
export type Filter = { status: StatusFilter; source: string; destination: string };

/** The part of a filtered list that the page has loaded. */
export type Listing = {
  /** Newest first. */
  ids: readonly string[];
  /** Where the rest begins; null if all is loaded. */
  cursor: string | null;
  /** "none": the first page has not arrived. */
  phase: "none" | "ready" | "more" | "all";
  /** How many pages in a row had no copy. */
  emptyPages: number;
};

export const noFilter: Filter = { status: "all", source: "", destination: "" };
export const emptyListing: Listing = { ids: [], cursor: null, phase: "none", emptyPages: 0 };

/** An id begins with the time of its request: 48 bits, as 12 hexadecimal digits and a hyphen. */
const timeDigits = 13;

/** The order of the app's list: the newest first, and those of one millisecond by their ids. */
function newestFirst(one: string, other: string): number {
  const [time, otherTime] = [one.slice(0, timeDigits), other.slice(0, timeDigits)];
  if (time !== otherTime) return time < otherTime ? 1 : -1;
  return one < other ? -1 : one > other ? 1 : 0;
}

/** A copy appears in the list a moment after its start. It is kept in the meantime. */
const maxAbsentMs = 15_000;

/**
 * Returns the listing with a newly read first page. Copies that the page should have but has not are gone: deleted, or
 * no longer of this status. If nothing connects the page with what is loaded, the listing begins again with it.
 */
export function refreshListing(
  listing: Listing,
  { items, nextCursor }: Page,
  { rows, now }: { rows: Rows; now: number },
): Listing {
  const { ids, cursor, phase, emptyPages } = listing;
  const read = items.map(({ id }) => id);
  if (phase === "none" || nextCursor === null) {
    const isNew = (id: string) => isRecent(rows.get(id), now);
    return {
      emptyPages,
      ids: mergeIds(read, ids.filter(isNew)),
      cursor: nextCursor,
      phase: phase === "none" ? "ready" : phase,
    };
  }
  const oldest = read.at(-1);
  if (oldest === undefined) return { ...listing, cursor: cursor ?? nextCursor };
  const first = ids[0];
  const isConnected = first === undefined || newestFirst(oldest, first) >= 0;
  if (!isConnected) return { ...listing, ids: read, cursor: nextCursor };
  const known = new Set(read);
  const kept = ids.filter(
    (id) => newestFirst(id, oldest) > 0 || known.has(id) || isRecent(rows.get(id), now),
  );
  const next = ids.length === 0 ? nextCursor : cursor;
  return { ...listing, ids: mergeIds(read, kept), cursor: next };
}

/** Returns the listing with a further page. */
export function extendListing(listing: Listing, { items, nextCursor }: Page): Listing {
  const ids = mergeIds(
    listing.ids,
    items.map(({ id }: CopySummary) => id),
  );
  const emptyPages = items.length === 0 ? listing.emptyPages + 1 : 0;
  return { ...listing, ids, cursor: nextCursor, emptyPages };
}

/** Merges two lists of ids without repeating one. */
export function mergeIds(some: readonly string[], others: readonly string[]): readonly string[] {
  if (others.length === 0) return some;
  return [...new Set([...some, ...others])].toSorted(newestFirst);
}

function isRecent(row: Row | undefined, now: number): boolean {
  return row !== undefined && Math.abs(now - Date.parse(row.item.createdAt)) < maxAbsentMs;
}

/** Returns the copies of a listing that have the filter's status now, and that contain every word of the search. */
export function shownIds(
  { ids }: Listing,
  rows: Rows,
  { status, search }: { status: StatusFilter; search: string },
): readonly string[] {
  const wanted = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0 && status === "all") return ids;
  return ids.filter((id) => {
    const row = rows.get(id);
    if (row === undefined || !hasStatus(row, status)) return false;
    return wanted.every(
      (word) => row.text.includes(word) || row.item.cause?.includes(word) === true,
    );
  });
}
