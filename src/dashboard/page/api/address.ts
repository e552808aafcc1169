import type { PageState } from "../state/page-state.ts";
import type { Store } from "../state/store.ts";
import type { JobLoading } from "./job-loading.ts";
import type { Loading } from "./loading.ts";

/** The address bar of the browser. */
export type AddressBar = {
  /** The part of the address from "#" on, or empty. */
  hash(): string;
  /** Replaces that part; an empty text removes it. */
  replace(hash: string): void;
};

type Opened = { loading: Pick<Loading, "select">; jobLoading: Pick<JobLoading, "select"> };

/** The part of the address that leads to the view of jobs. */
export const jobsHash = "#jobs";

/**
 * Connects the page's address with the open view and with the selected copy or job, in both directions. The address
 * contains nothing else, because filters may contain secrets. It is written only when the page selects something
 * else: the browser reports a reader's change of the address a moment later, and the page must not overwrite it until
 * then.
 */
export function createAddress(
  store: Store<PageState>,
  { loading, jobLoading }: Opened,
  bar: AddressBar,
): { open(): void } {
  let written = hashOf(store.get());
  store.subscribe(() => {
    const hash = hashOf(store.get());
    if (hash === written) return;
    written = hash;
    bar.replace(hash);
  });
  return {
    /** Opens the copy, the job or the view that the address names. */
    open() {
      const hash = bar.hash();
      const [, kind, id = null] = /^#(copy|job)=([\w-]+)$/.exec(hash) ?? [];
      const place = hash === jobsHash || kind === "job" ? "jobs" : "copies";
      if (place !== store.get().place) store.set({ place });
      const { selected, jobs } = store.get();
      const [current, parts] = place === "jobs" ? [jobs.selected, jobLoading] : [selected, loading];
      if (id !== current) void parts.select(id);
    },
  };
}

function hashOf({ place, selected, jobs }: PageState): string {
  if (place === "jobs") return jobs.selected === null ? jobsHash : `#job=${jobs.selected}`;
  return selected === null ? "" : `#copy=${selected}`;
}
