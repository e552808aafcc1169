import { FerryError, hasEnded } from "../../../client/ferry.ts";
import type { Copy, CopySummary, PageQuery } from "../../../client/ferry.ts";
import { countCopied } from "../state/copied-bytes.ts";
import { fixOf, groupFailures } from "../state/failures.ts";
import { emptyListing, extendListing, refreshListing } from "../state/listing.ts";
import type { Filter } from "../state/listing.ts";
import { noticeOfEnded } from "../state/notices.ts";
import { noDetails } from "../state/page-state.ts";
import type { PageState } from "../state/page-state.ts";
import { noteRetry, rowOfCopy, updateRow } from "../state/rows.ts";
import type { Row } from "../state/rows.ts";
import type { Store } from "../state/store.ts";
import type { Throughput } from "../state/throughput.ts";
import type { Environment, Session } from "./session.ts";

const pageSize = 50;
/** "Load all" stops here. */
export const maxLoaded = 10_000;

/** Reads copies into the state. */
export type Loading = {
  /** Reads the first page again. */
  refresh(): Promise<void>;
  more(): Promise<void>;
  /** Reads all pages, up to `maxLoaded` copies. Calling it again stops it. */
  all(): Promise<void>;
  setFilter(filter: Filter): Promise<void>;
  readCopy(id: string): Promise<void>;
  /** Opens the details of a copy, or closes them. */
  select(id: string | null): Promise<void>;
  readTimeline(id: string): Promise<void>;
  /** Reads one failed copy of each cause that is shown, because lists have no fixes. */
  readFixes(ids: readonly string[]): Promise<void>;
  show(copy: Copy): void;
  forget(id: string): void;
};

export function createLoading(
  store: Store<PageState>,
  session: Session,
  { now }: Environment,
): Loading {
  /** Counts the filters that were set: a page that was requested before is dropped. */
  let filterNumber = 0;
  /** When the page has last received the first page of the list. */
  let refreshedAt = now();
  let reading: Promise<void> | null = null;
  let further: Promise<void> | null = null;

  /** `isRefresh`: an item that the page does not know is a new copy, and not an older one. */
  function keep(items: readonly CopySummary[], isRefresh: boolean): void {
    const state = store.get();
    const rows = new Map(state.rows);
    let { throughput } = state;
    const ended: Row[] = [];
    for (const item of items) {
      const before = rows.get(item.id);
      const row = updateRow(before, item, now());
      if (before === row) continue;
      const counted = count(throughput, before, row, isRefresh);
      ({ throughput } = counted);
      rows.set(item.id, counted.row);
      if (hasJustEnded(before, row)) ended.push(row);
    }
    store.set({ rows, throughput, notice: noticeOfEnded(ended) ?? state.notice });
  }

  /** What was copied before the page saw a copy is unknown, unless the copy is new in the list. */
  function count(
    throughput: Throughput,
    before: Row | undefined,
    row: Row,
    isNew: boolean,
  ): { throughput: Throughput; row: Row } {
    if (before === undefined ? !isNew : hasEnded(before.item)) return { throughput, row };
    return countCopied(throughput, { before, row, absentAt: refreshedAt, now: now() });
  }

  function show(copy: Copy): void {
    const { rows, throughput, notice, retries } = store.get();
    const before = rows.get(copy.id);
    const counted = count(throughput, before, rowOfCopy(before, copy, now()), false);
    const { row } = counted;
    store.set({
      rows: new Map(rows).set(copy.id, row),
      throughput: counted.throughput,
      retries: noteRetry(retries, copy),
      notice: (hasJustEnded(before, row) ? noticeOfEnded([row]) : null) ?? notice,
    });
  }

  function forget(id: string): void {
    const { rows, listing } = store.get();
    const left = new Map(rows);
    left.delete(id);
    const without = (ids: readonly string[]) => ids.filter((each) => each !== id);
    const { ids, started } = listing;
    const changed = { ...listing, ids: without(ids), started: without(started) };
    store.set({ rows: left, listing: changed });
  }

  async function readPage(cursor: string | null): Promise<void> {
    const number = filterNumber;
    const { filter } = store.get();
    const query = { ...queryOf(filter), ...(cursor === null ? {} : { cursor }), limit: pageSize };
    const page = await session.watch((ferry) => ferry.page(query));
    if (number !== filterNumber) return;
    const { listing } = store.get();
    keep(page.items, listing.phase !== "none" && cursor === null);
    const changed = cursor === null ? refreshListing(listing, page) : extendListing(listing, page);
    if (cursor === null) refreshedAt = now();
    store.set({ listing: changed });
  }

  async function more(): Promise<void> {
    const { listing } = store.get();
    if (listing.phase !== "ready" || listing.cursor === null) return;
    store.set({ listing: { ...listing, phase: "more" } });
    further = readPage(listing.cursor);
    try {
      await further;
    } finally {
      further = null;
      endPhase("more");
    }
  }

  async function all(): Promise<void> {
    const { listing } = store.get();
    if (listing.phase === "all") return endPhase("all");
    if (listing.phase === "none") return;
    store.set({ listing: { ...listing, phase: "all" } });
    const number = filterNumber;
    try {
      await further;
      for (;;) {
        if (number !== filterNumber) return;
        const { phase, cursor, ids } = store.get().listing;
        if (phase !== "all" || cursor === null || ids.length >= maxLoaded) return;
        await readPage(cursor);
      }
    } finally {
      endPhase("all");
    }
  }

  function endPhase(ended: "more" | "all"): void {
    const { listing } = store.get();
    if (listing.phase === ended) store.set({ listing: { ...listing, phase: "ready" } });
  }

  async function readTimeline(id: string): Promise<void> {
    try {
      const timeline = await session.watch((ferry) => ferry.timeline(id));
      const { selected, details } = store.get();
      if (selected === id) store.set({ details: { ...details, timeline, error: null } });
    } catch (error) {
      const { selected, details } = store.get();
      if (selected === id) store.set({ details: { ...details, error: asFerryError(error) } });
    }
  }

  async function readCopy(id: string): Promise<void> {
    try {
      const known = store.get().rows.get(id)?.copy ?? null;
      const { etag } = session.ferry();
      const copy = await session.watch((ferry) =>
        ferry.get(id, known === null ? {} : { etag: etag(known) ?? undefined }),
      );
      const isNews = known === null || known.lastUpdatedAt !== copy.lastUpdatedAt;
      show(copy);
      const { selected, details } = store.get();
      if (isNews && selected === id && details.timeline !== null) await readTimeline(id);
    } catch (error) {
      if (asFerryError(error).status !== 404) return;
      forget(id);
      const { selected, details } = store.get();
      if (selected === id) store.set({ details: { ...details, isGone: true } });
    }
  }

  return {
    refresh() {
      reading ??= readPage(null).finally(() => {
        reading = null;
      });
      return reading;
    },
    more,
    all,
    async setFilter(filter) {
      filterNumber++;
      reading = null;
      store.set({ filter, listing: emptyListing });
      await readPage(null);
    },
    readCopy,
    async select(id) {
      store.set({ selected: id, details: noDetails });
      if (id === null) return;
      await Promise.all([readCopy(id), readTimeline(id)]);
    },
    readTimeline,
    async readFixes(ids) {
      const { rows, fixes } = store.get();
      const missing = groupFailures(ids, rows).filter(({ cause }) => !fixes.has(cause));
      for (const { cause, ids: members } of missing) {
        const [id] = members;
        if (id === undefined) continue;
        const copy = rows.get(id)?.copy ?? (await session.watch((ferry) => ferry.get(id)));
        const fix = fixOf(copy);
        if (fix !== null) store.set({ fixes: new Map(store.get().fixes).set(cause, fix) });
      }
    },
    show,
    forget,
  };
}

function hasJustEnded(before: Row | undefined, row: Row): boolean {
  return before !== undefined && !hasEnded(before.item) && hasEnded(row.item);
}

function queryOf({ status, source, destination }: Filter): PageQuery {
  return {
    ...(status === "all" ? {} : { status }),
    ...(source === "" ? {} : { source }),
    ...(destination === "" ? {} : { destination }),
  };
}

/** Other errors are bugs of the page. */
export function asFerryError(error: unknown): FerryError {
  if (error instanceof FerryError) return error;
  throw error;
}
