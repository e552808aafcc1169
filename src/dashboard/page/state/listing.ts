import type { CopySummary, Page } from "../../../client/ferry.ts";
import { hasStatus } from "./rows.ts";
import type { Rows, StatusFilter } from "./rows.ts";

/** The filters that the app applies. `source` and `destination`: beginnings of URLs, or empty. */
export type Filter = { status: StatusFilter; source: string; destination: string };

/** The part of a filtered list that the page has loaded. */
export type Listing = {
  /** Newest first. */
  ids: readonly string[];
  /** Those that this page has started, and that the app's list does not have yet. */
  started: readonly string[];
  /** Where the rest begins; null if all is loaded. */
  cursor: string | null;
  /** "none": the first page has not arrived. */
  phase: "none" | "ready" | "more" | "all";
  /** How many pages in a row had no copy. */
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

/** The order of the app's list: the newest first, and those of one millisecond by their ids. */
function newestFirst(one: string, other: string): number {
  const [time, otherTime] = [one.slice(0, timeDigits), other.slice(0, timeDigits)];
  if (time !== otherTime) return time < otherTime ? 1 : -1;
  return one < other ? -1 : one > other ? 1 : 0;
}

/**
 * Returns the listing with a newly read first page. Copies that the page should have but has not are gone: deleted, or
 * no longer of this status. If nothing connects the page with what is loaded, the listing begins again with it.
 */
export function refreshListing(before: Listing, { items, nextCursor }: Page): Listing {
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

/** Returns the listing with a copy that this page has started. The app's list has it a moment later. */
export function addStarted(listing: Listing, id: string): Listing {
  const started = [...listing.started, id];
  return { ...listing, started, ids: mergeIds(listing.ids, [id]) };
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

/**
 * Returns the number of copies for each status that the reader can choose: for the chosen one those of the list, and for
 * the others all that the page knows. Of those, the page cannot know how many fit a prefix: then they have no number.
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
