import { hasEnded } from "../../../client/ferry.ts";
import type { PageState } from "../state/page-state.ts";
import { hiddenIds } from "../state/rows.ts";
import type { Store } from "../state/store.ts";
import { extend } from "../state/throughput.ts";
import type { Loading } from "./loading.ts";
import type { Environment, Session } from "./session.ts";

const second = 1_000;
/** The pause between two reads of the first page. It doubles while nothing changes. */
const minListMs = 10 * second;
const maxListMs = 60 * second;
/** The pause between two reads of one copy. */
const minCopyMs = 2 * second;
const maxCopyMs = 60 * second;
const maxAtOnce = 4;
/** So many copies that a filter hides are read. */
const maxHidden = 10;

export type Polling = {
  /** The copies that can be seen now. Of the others, only those that a filter hides are read. */
  setVisible(ids: readonly string[]): void;
  /** Reads the list soon, for example after a change. */
  hurry(): void;
  /** Reads what is due; called once a second while the page can be seen. */
  tick(): void;
  /** Stops and continues, for example when another tab hides the page. */
  pause(isPaused: boolean): void;
};

/** Decides when the page calls the app: for copies that run and can be seen, or are hidden by a filter, when the app has asked it to. */
export function createPolling(
  store: Store<PageState>,
  {
    loading,
    session,
    environment,
  }: { loading: Loading; session: Session; environment: Environment },
): Polling {
  const { now } = environment;
  let visible: readonly string[] = [];
  let listMs = minListMs;
  /** Infinite while the list is read. */
  let listAt = now();
  let isHurried = false;
  const dueAt = new Map<string, number>();
  const reading = new Set<string>();

  async function readList(): Promise<void> {
    listAt = Number.POSITIVE_INFINITY;
    isHurried = false;
    const before = store.get().listing.ids;
    try {
      await loading.refresh();
      const isSame = before.join() === store.get().listing.ids.join();
      listMs = isSame ? Math.min(maxListMs, listMs * 2) : minListMs;
    } catch {
      listMs = Math.min(maxListMs, listMs * 2); // the connection shows the error
    }
    listAt = isHurried ? now() : now() + listMs;
  }

  async function readOne(id: string): Promise<void> {
    reading.add(id);
    try {
      await loading.readCopy(id);
    } finally {
      reading.delete(id);
      const wait = (session.retryAfter(id) ?? 10) * second;
      dueAt.set(id, now() + Math.min(maxCopyMs, Math.max(minCopyMs, wait)));
    }
  }

  return {
    setVisible(ids) {
      visible = ids;
    },
    hurry() {
      listMs = minListMs;
      if (listAt === Number.POSITIVE_INFINITY) isHurried = true;
      else listAt = now();
    },
    tick() {
      const { isPaused, connection, selected, throughput } = store.get();
      if (isPaused) return;
      store.set({ now: now(), throughput: extend(throughput, now()) });
      if (connection.kind === "key" || connection.kind === "sign-in") return;
      if (now() >= listAt) void readList();
      if (connection.kind !== "live") return;
      const { rows, filter } = store.get();
      const opened = selected === null ? [] : [selected];
      for (const id of new Set([...opened, ...visible, ...hiddenIds(rows, filter, maxHidden)])) {
        const row = rows.get(id);
        const isIncomplete = id === selected && row?.copy === null;
        if (row === undefined || (hasEnded(row.item) && !isIncomplete)) continue;
        const due = dueAt.get(id);
        // The list has just been read with the copy's progress.
        if (due === undefined) dueAt.set(id, now() + minCopyMs);
        else if (now() >= due && reading.size < maxAtOnce && !reading.has(id)) void readOne(id);
      }
    },
    pause(isPaused) {
      store.set({ isPaused, now: now() });
      if (isPaused) return;
      this.hurry();
      this.tick();
    },
  };
}
