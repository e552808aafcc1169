import { hasEnded } from "../../../client/ferry.ts";
import { unsettledJobs } from "../state/jobs.ts";
import type { PageState } from "../state/page-state.ts";
import { hiddenIds } from "../state/rows.ts";
import type { Store } from "../state/store.ts";
import { extend } from "../state/throughput.ts";
import type { JobLoading } from "./job-loading.ts";
import type { Loading } from "./loading.ts";
import { createPacing } from "./pacing.ts";
import type { Environment, Session } from "./session.ts";

/** The maximum number of copies that are read although a filter hides them. */
const maxHidden = 10;
/** The maximum number of jobs not at rest that are read. */
const maxJobs = 20;

export type Polling = {
  /** The copies that can be seen now. Of the others, only those that a filter hides are read. */
  setVisible(ids: readonly string[]): void;
  /** Reads the list soon, for example after a change. */
  hurry(): void;
  /** Makes the reads that are due; called once a second while the page can be seen. */
  tick(): void;
  /** Stops and continues, for example when another tab hides the page. */
  pause(isPaused: boolean): void;
};

type PolledParts = {
  loading: Loading;
  jobLoading: JobLoading;
  session: Session;
  environment: Environment;
};

/**
 * Decides when the page calls the app. It reads only data of the open view, at the times for which the app asked: of
 * copies, the running ones that can be seen or that a filter hides; of jobs, those that are not at rest.
 */
export function createPolling(
  store: Store<PageState>,
  { loading, jobLoading, session, environment: { now } }: PolledParts,
): Polling {
  const { retryAfter } = session;
  let visible: readonly string[] = [];
  const copies = createPacing({
    now,
    retryAfter,
    async list() {
      const before = store.get().listing.ids;
      await loading.refresh();
      return before.join() !== store.get().listing.ids.join();
    },
    item: (id) => loading.readCopy(id),
  });
  const jobs = createPacing({
    now,
    retryAfter,
    async list() {
      const before = store.get().jobs.listing.ids;
      await jobLoading.refresh();
      return before.join() !== store.get().jobs.listing.ids.join();
    },
    item: (id) => jobLoading.readJob(id),
  });

  /** The copies that are read one by one. */
  function dueCopies(): string[] {
    const { rows, filter, selected } = store.get();
    const opened = selected === null ? [] : [selected];
    const ids = new Set([...opened, ...visible, ...hiddenIds(rows, filter, maxHidden)]);
    return [...ids].filter((id) => {
      const row = rows.get(id);
      const isIncomplete = id === selected && row?.copy === null;
      return row !== undefined && (!hasEnded(row.item) || isIncomplete);
    });
  }

  return {
    setVisible(ids) {
      visible = ids;
    },
    hurry() {
      copies.hurry();
      jobs.hurry();
    },
    tick() {
      const { isPaused, connection, throughput, place } = store.get();
      if (isPaused) return;
      store.set({ now: now(), throughput: extend(throughput, now()) });
      if (connection.kind === "key" || connection.kind === "sign-in") return;
      const pacing = place === "jobs" ? jobs : copies;
      pacing.readList();
      if (connection.kind !== "live") return;
      pacing.readItems(place === "jobs" ? unsettledJobs(store.get().jobs, maxJobs) : dueCopies());
    },
    pause(isPaused) {
      store.set({ isPaused, now: now() });
      if (isPaused) return;
      this.hurry();
      this.tick();
    },
  };
}
