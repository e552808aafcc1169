import { hasStatus } from "./rows.ts";
import type { Rows, StatusFilter } from "./rows.ts";

/** The filters that the app applies. `source` and `destination`: beginnings of URLs, or empty. */
export type Filter = { status: StatusFilter; source: string; destination: string };

/** A page of a list; only the ids are used here. */
type IdPage = { items: readonly { id: string }[]; nextCursor: string | null };

/** The part of a filtered list that the page has loaded. */
export type Listing = {
  /** Newest first. */
  ids: readonly string[];
  /** The copies that this page has started, and that the app's list does not contain yet. */
  started: readonly string[];
  /** The cursor of the next page; null if all pages are loaded. */
  cursor: string | null;
  /** "none": the first page has not arrived. */
  phase: "none" | "ready" | "more" | "all";
  /** The number of pages in a row without a copy. */
  emptyPages: number;
};

export const noFilter: Filter = { status: "all", source: "", destination: "" };
export const emptyListing: Listing = {
  ids: [],
  started: [],
  cursor: null,
  phase: "none",
  emptyPages: 0,
};

/** An id begins with the time of its request: 48 bits, as 12 hexadecimal digits and a hyphen. */
const timeDigits = 13;

/** The order of the app's list: newest first, and by id within one millisecond. */
function newestFirst(one: string, other: string): number {
  const [time, otherTime] = [one.slice(0, timeDigits), other.slice(0, timeDigits)];
  if (time !== otherTime) return time < otherTime ? 1 : -1;
  return one < other ? -1 : one > other ? 1 : 0;
}

/**
 * Returns the listing with a newly read first page. Loaded copies that the page should contain but does not are
 * removed: they were deleted, or their status has changed. If the page and the loaded copies do not overlap, the
 * listing begins again with the page.
 */
export function refreshListing(before: Listing, { items, nextCursor }: IdPage): Listing {
  const read = items.map(({ id }) => id);
  const started = before.started.filter((id) => !read.includes(id));
  const listing = { ...before, started };
  const { ids, cursor, phase } = listing;
  if (phase === "none" || nextCursor === null) {
    const next = phase === "none" ? "ready" : phase;
    return { ...listing, ids: mergeIds(read, started), cursor: nextCursor, phase: next };
  }
  const oldest = read.at(-1);
  if (oldest === undefined) return { ...listing, cursor: cursor ?? nextCursor };
  const first = ids.find((id) => !started.includes(id));
  const isConnected = first === undefined || newestFirst(oldest, first) >= 0;
  if (!isConnected) return { ...listing, ids: mergeIds(read, started), cursor: nextCursor };
  const older = ids.filter((id) => newestFirst(id, oldest) > 0);
  const next = first === undefined ? nextCursor : cursor;
  return { ...listing, ids: mergeIds(mergeIds(read, started), older), cursor: next };
}

/** Returns the listing with a copy that this page has started. The app's list contains it a moment later. */
export function addStarted(listing: Listing, id: string): Listing {
  const started = [...listing.started, id];
  return { ...listing, started, ids: mergeIds(listing.ids, [id]) };
}

/** Returns the listing with a further page. */
export function extendListing(listing: Listing, { items, nextCursor }: IdPage): Listing {
  const ids = mergeIds(
    listing.ids,
    items.map(({ id }) => id),
  );
  const emptyPages = items.length === 0 ? listing.emptyPages + 1 : 0;
  return { ...listing, ids, cursor: nextCursor, emptyPages };
}

/** Merges two lists of ids without repeating one. */
export function mergeIds(some: readonly string[], others: readonly string[]): readonly string[] {
  if (others.length === 0) return some;
  return [...new Set([...some, ...others])].toSorted(newestFirst);
}

/**
 * Returns the number of copies for each status that the reader can choose: for the chosen status, the copies of the
 * list; for the others, all copies that the page knows. With a prefix, the others have no number, because the page
 * cannot know how many of their copies match.
 */
export function countFilters(
  { filter, listing, rows }: { filter: Filter; listing: Listing; rows: Rows },
  known: Record<StatusFilter, number>,
): Record<StatusFilter, number | null> {
  const { status, source, destination } = filter;
  const hasPrefix = source !== "" || destination !== "";
  const none = {
    all: null,
    running: null,
    failed: null,
    succeeded: null,
    aborted: null,
    skipped: null,
  };
  const listed = shownIds(listing, rows, { status, search: "" }).length;
  return { ...(hasPrefix ? none : known), [status]: listed };
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
