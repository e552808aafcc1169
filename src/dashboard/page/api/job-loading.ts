import { FerryError } from "../../../client/ferry.ts";
import type { Ferry, Job } from "../../../client/ferry.ts";
import { rowOfJob, updateJobRow } from "../state/jobs.ts";
import type { JobAction, JobsState } from "../state/jobs.ts";
import { extendListing, refreshListing } from "../state/listing.ts";
import type { PageState } from "../state/page-state.ts";
import type { Store } from "../state/store.ts";
import { asFerryError } from "./loading.ts";
import type { Session } from "./session.ts";

const pageSize = 50;

/** Reads jobs into the state, and sends the reader's orders. */
export type JobLoading = {
  /** Reads the first page again. */
  refresh(): Promise<void>;
  more(): Promise<void>;
  readJob(id: string): Promise<void>;
  /** Opens the details of a job, or closes them. */
  select(id: string | null): Promise<void>;
  /** Sends an order. Returns whether the app has accepted it; if not, the state has the error. */
  order(action: JobAction, id: string): Promise<boolean>;
};

export function createJobLoading(store: Store<PageState>, session: Session): JobLoading {
  let reading: Promise<void> | null = null;

  function change(changed: Partial<JobsState>): void {
    store.set({ jobs: { ...store.get().jobs, ...changed } });
  }

  function show(job: Job): void {
    const { rows } = store.get().jobs;
    change({ rows: new Map(rows).set(job.id, rowOfJob(job)) });
  }

  function forget(id: string): void {
    const { rows, listing } = store.get().jobs;
    const left = new Map(rows);
    left.delete(id);
    const ids = listing.ids.filter((each) => each !== id);
    change({ rows: left, listing: { ...listing, ids } });
  }

  async function readPage(cursor: string | null): Promise<void> {
    const query = { limit: pageSize, ...(cursor === null ? {} : { cursor }) };
    const page = await session.watch((ferry) => ferry.jobs.page(query));
    const { rows, listing } = store.get().jobs;
    const changed = new Map(rows);
    for (const item of page.items) changed.set(item.id, updateJobRow(rows.get(item.id), item));
    const read = cursor === null ? refreshListing : extendListing;
    change({ rows: changed, listing: read(listing, page) });
  }

  function setPhase(phase: "ready" | "more"): void {
    change({ listing: { ...store.get().jobs.listing, phase } });
  }

  async function readJob(id: string): Promise<void> {
    try {
      const known = store.get().jobs.rows.get(id)?.job ?? null;
      const etag = known === null ? null : session.ferry().jobs.etag(known);
      show(await session.watch((ferry) => ferry.jobs.get(id, { etag: etag ?? undefined })));
      const { failure } = store.get().jobs;
      if (failure?.id === id && failure.action === "read") change({ failure: null });
    } catch (error) {
      const failed = asFerryError(error);
      if (failed.status === 404) forget(id);
      if (store.get().jobs.selected !== id) return;
      change({ failure: { id, action: "read", error: failed } });
    }
  }

  return {
    refresh() {
      reading ??= readPage(null).finally(() => {
        reading = null;
      });
      return reading;
    },
    async more() {
      const { cursor, phase } = store.get().jobs.listing;
      if (phase !== "ready" || cursor === null) return;
      setPhase("more");
      try {
        await readPage(cursor);
      } finally {
        setPhase("ready");
      }
    },
    readJob,
    async select(id) {
      change({ selected: id, failure: null });
      if (id !== null) await readJob(id);
    },
    async order(action, id) {
      change({ failure: null });
      try {
        const job = await session.watch((ferry) => calls[action](ferry, id));
        if (job !== null) show(job);
        else {
          forget(id);
          if (store.get().jobs.selected === id) change({ selected: null });
        }
        return true;
      } catch (error) {
        if (!(error instanceof FerryError)) throw error;
        change({ failure: { id, action, error } });
        return false;
      }
    },
  };
}

const calls: Record<JobAction, (ferry: Ferry, id: string) => Promise<Job | null>> = {
  abort: ({ jobs }, id) => jobs.abort(id),
  pause: ({ jobs }, id) => jobs.pause(id),
  resume: ({ jobs }, id) => jobs.resume(id),
  start: ({ jobs }, id) => jobs.startPlanned(id),
  async delete({ jobs }, id) {
    await jobs.delete(id);
    return null;
  },
};
