import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { maxLoaded } from "../api/loading.ts";
import { shownIds } from "../state/listing.ts";
import type { PageState } from "../state/page-state.ts";
import { formatCount, formatNumber } from "../text/format.ts";
import { CopyRow, headHeight, rowHeight } from "./copy-row.tsx";
import { Empty } from "./empty.tsx";
import { usePage } from "./page-context.ts";

const columns = [
  ["Status", "status"],
  ["Source and destination", "names"],
  ["Progress", "amount-cell"],
  ["Rate", "number rate"],
  ["Time", "number left"],
  ["Lag", "number lag"],
  ["Requested", "number age"],
  ["Actions", "actions"],
] as const;

/** Rows above and below the ones that can be seen, for fast scrolling. */
const spareRows = 6;
/** After so many pages without a copy, the reader decides whether to read on. */
const maxEmptyPages = 3;

/** The list of copies. Only the rows that can be seen exist, so that its length does not matter. */
export function CopyList({ state, shown }: { state: PageState; shown: readonly string[] }) {
  const { store, loading, polling } = usePage();
  const { rows, listing, selected, now, search } = state;
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const [current, setCurrent] = useState<string | null>(null);
  const wantsFocus = useRef(false);

  const firstSeen = Math.floor(view.top / rowHeight);
  const lastSeen = Math.ceil((view.top + view.height) / rowHeight);
  const begin = Math.max(0, firstSeen - spareRows);
  const end = Math.min(shown.length, lastSeen + spareRows);
  const currentId = current !== null && rows.has(current) ? current : (shown[firstSeen] ?? null);

  const measure = () => {
    const element = scroller.current;
    if (element === null) return;
    setView({ top: element.scrollTop, height: element.clientHeight - headHeight });
  };
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useAnchor(scroller, shown);
  useEffect(() => {
    polling.setVisible(shown.slice(firstSeen, lastSeen));
    const isNearEnd = lastSeen + spareRows >= shown.length;
    // A search, or a filter that fits almost nothing, must not read everything.
    const mayLoad = search === "" && listing.emptyPages < maxEmptyPages;
    if (isNearEnd && mayLoad && listing.phase === "ready" && listing.cursor !== null) {
      loading.more().catch(() => {}); // the connection shows the error
    }
  }, [firstSeen, lastSeen, shown, search, listing.cursor, listing.phase]);
  useEffect(() => () => polling.setVisible([]), []);
  useLayoutEffect(() => {
    if (!wantsFocus.current || currentId === null) return;
    wantsFocus.current = false;
    scroller.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(currentId)}"]`)?.focus();
  });

  const focusRow = (index: number) => {
    const id = shown[Math.max(0, Math.min(shown.length - 1, index))];
    const element = scroller.current;
    if (id === undefined || element === null) return;
    const top = shown.indexOf(id) * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    const bottom = top + rowHeight + headHeight - element.clientHeight;
    if (bottom > element.scrollTop) element.scrollTop = bottom;
    wantsFocus.current = true;
    setCurrent(id);
    measure();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!(event.target instanceof HTMLElement) || event.target.role !== "row") return;
    const index = currentId === null ? 0 : shown.indexOf(currentId);
    const page = Math.max(1, Math.floor(view.height / rowHeight) - 1);
    const targets: Partial<Record<string, number>> = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      PageDown: index + page,
      PageUp: index - page,
      Home: 0,
      End: shown.length - 1,
    };
    const target = targets[event.key];
    if (target !== undefined) {
      event.preventDefault();
      focusRow(target);
    } else if (event.key === "Enter" && currentId !== null) {
      event.preventDefault();
      void loading.select(currentId);
    }
  };
  const ask = (action: "abort" | "retry", id: string) =>
    store.set({ dialog: { kind: "question", action, ids: [id], about: "" } });

  return (
    <section class="list" aria-label="Copies">
      {shown.length === 0 && <Empty state={state} />}
      <div
        role="grid"
        class="grid"
        hidden={shown.length === 0}
        aria-label="Copies"
        aria-rowcount={shown.length + 1}
      >
        <div
          ref={scroller}
          role="presentation"
          class="scroller"
          onScroll={measure}
          onKeyDown={onKeyDown}
        >
          <div role="row" class="head" aria-rowindex={1}>
            {columns.map(([title, style]) => (
              <div key={title} role="columnheader" class={`cell ${style}`}>
                {title === "Actions" ? <span class="hidden">{title}</span> : title}
              </div>
            ))}
          </div>
          <div role="rowgroup" class="canvas" style={{ height: `${shown.length * rowHeight}px` }}>
            {shown.slice(begin, end).map((id, offset) => {
              const row = rows.get(id);
              return row === undefined ? null : (
                <CopyRow
                  key={id}
                  row={row}
                  index={begin + offset}
                  now={now}
                  isSelected={id === selected}
                  isCurrent={id === currentId}
                  open={() => void loading.select(id)}
                  focused={() => setCurrent(id)}
                  abort={() => ask("abort", id)}
                  retry={() => ask("retry", id)}
                />
              );
            })}
          </div>
        </div>
      </div>
      <Foot state={state} shown={shown} />
    </section>
  );
}

/** Keeps the rows in place that the reader sees, when others appear above them. */
function useAnchor(scroller: { current: HTMLDivElement | null }, shown: readonly string[]): void {
  const before = useRef(shown);
  useLayoutEffect(() => {
    const element = scroller.current;
    const known = before.current;
    before.current = shown;
    if (element === null || known === shown || element.scrollTop < rowHeight) return;
    const index = Math.floor(element.scrollTop / rowHeight);
    const id = known[index];
    const moved = id === undefined ? -1 : shown.indexOf(id);
    if (moved >= 0 && moved !== index) element.scrollTop += (moved - index) * rowHeight;
  }, [shown]);
}

function Foot({ state, shown }: { state: PageState; shown: readonly string[] }) {
  const { loading } = usePage();
  const { listing, rows, filter, search } = state;
  const { ids, cursor, phase } = listing;
  const all = search === "" ? shown : shownIds(listing, rows, { ...filter, search: "" });
  const loaded = formatCount(all.length);
  const count = search === "" ? loaded : `${formatNumber(shown.length)} of ${loaded}`;
  const isFull = ids.length >= maxLoaded;
  return (
    <div class="foot">
      <p>
        {phase === "none" ? "Loading…" : `${count} loaded`}
        {phase === "more" && "; loading more…"}
        {cursor === null && phase !== "none" && all.length > 0 && "; that is all"}
      </p>
      {cursor !== null && !isFull && (
        <span class="buttons">
          {phase === "ready" && (
            <button type="button" class="quiet" onClick={() => void loading.more().catch(() => {})}>
              Load more
            </button>
          )}
          <button type="button" class="quiet" onClick={() => void loading.all().catch(() => {})}>
            {phase === "all" ? "Stop loading" : `Load up to ${formatCount(maxLoaded)}`}
          </button>
        </span>
      )}
    </div>
  );
}
