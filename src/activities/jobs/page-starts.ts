import { plusMs } from "../../copy/time.ts";
import type { JobRecord } from "../../jobs/contract/job-record.ts";
import { toOpenPage, withFailureLimit, withOpenPage } from "../../jobs/decisions/pages.ts";
import { changeRecord, readIntervalMs } from "./support/job-run.ts";
import type { JobRun } from "./support/job-run.ts";
import type { PageRun } from "./support/page-run.ts";
import { maxTries, startObject } from "./start-object.ts";
import type { ObjectEnd } from "./start-object.ts";

/** The starts of the pages that a run copies at the same time. They share its window, and stop together. */
export type PageStarts = {
  /** Adds a page. Its objects are started when those of the pages added earlier leave room in the window. */
  add(page: PageRun): StartedPage;
  /** Makes a call that starts no object. It is the next call that the window allows. */
  count<Result>(call: () => Promise<Result>): Promise<Result>;
  mustStop(): boolean;
  /** Starts nothing more, because of an error. */
  fail(error: unknown): void;
  /** Waits until the record is not being written; throws the first error. */
  settle(): Promise<void>;
};

export type StartedPage = {
  /** Waits until a start has been sent for every object, or no more may be started. Calls may still be running. */
  sent(): Promise<void>;
  /** Waits like `sent`, and for the calls to complete. Throws the first error of all pages. */
  run(): Promise<void>;
  /** Starts these objects again. */
  repeat(indexes: readonly number[]): void;
  mustStop(): boolean;
  /** Stops writing the progress of this page to the record every five seconds. */
  leave(): void;
};

type PageQueue = {
  page: PageRun;
  isDone(): boolean;
  /** Starts objects, as many as the window allows. */
  pump(): void;
};

export function createPageStarts(run: JobRun): PageStarts {
  const { deps, window } = run;
  const queues: PageQueue[] = [];
  const waiting = new Set<{ isOver: () => boolean; resolve: () => void }>();
  let active = 0;
  /** The number of calls in the window that are reserved for `count`. */
  let reserved = 0;
  let isStopped = false;
  let bug: { error: unknown } | null = null;
  let isReading = false;
  let readAt = plusMs(deps.now(), readIntervalMs);

  const fail = (error: unknown) => {
    bug ??= { error };
  };
  const mustStop = () => isStopped || bug !== null || deps.now() >= run.until;

  const pump = () => {
    if (!mustStop() && !isReading && deps.now() >= readAt) void readWanted();
    for (const queue of queues) queue.pump();
    for (const each of waiting) {
      if (!each.isOver()) continue;
      waiting.delete(each);
      each.resolve();
    }
  };
  const until = (isOver: () => boolean) =>
    new Promise<void>((resolve) => {
      waiting.add({ isOver, resolve });
      pump();
    });
  /** Runs `work` while starts continue. If it throws, they stop. */
  const guard = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      fail(error);
    }
  };

  function stopIfUnwanted(): void {
    const { wanted, stopped, generation, end } = run.record;
    const isSuperseded = generation !== run.generation || end !== null;
    if (wanted !== "run" || stopped !== null || isSuperseded) isStopped = true;
  }

  async function readWanted(): Promise<void> {
    isReading = true;
    readAt = plusMs(deps.now(), readIntervalMs);
    await guard(() => reportProgress(run, () => queues.map(({ page }) => page)));
    stopIfUnwanted();
    isReading = false;
    pump();
  }

  const countNow = async <Result>(call: () => Promise<Result>): Promise<Result> => {
    active++;
    try {
      return await call();
    } finally {
      active--;
      pump();
    }
  };
  const count = async <Result>(call: () => Promise<Result>): Promise<Result> => {
    reserved++;
    await until(() => active < window.size());
    reserved--;
    return await countNow(call);
  };

  const add = (page: PageRun): StartedPage => {
    // The record was read when the page was opened.
    stopIfUnwanted();
    let pending = page.states.flatMap((state, index) =>
      state === null || state.is === "uncertain" ? [index] : [],
    );
    let next = 0;
    let calls = 0;
    let unsaved = 0;
    let isSaving = false;

    // A page that another run has finished does not change.
    const mustStopPage = () => mustStop() || page.part !== null;
    const isSent = () => next >= pending.length || mustStopPage() || window.isPaused(deps.now());
    const isDone = () => calls === 0 && !isSaving && isSent();
    const repeat = (indexes: readonly number[]) => void pending.push(...indexes);

    const save = async () => {
      isSaving = true;
      unsaved = 0;
      await guard(async () => repeat(await page.save({ leaves: false })));
      isSaving = false;
      pump();
    };
    const start = async (index: number) => {
      const call = window.begin();
      const end = await startObject(run, page, index);
      if (end.kind !== "again") window.served();
      else window.notServed(call, { ...end, now: deps.now() });
      if (settle(page, index, end)) pending.push(index);
      else unsaved++;
    };
    const call = async (index: number) => {
      calls++;
      await guard(() => start(index));
      calls--;
    };
    const queue: PageQueue = {
      page,
      isDone,
      pump() {
        // After the last call, the page is written when it is left.
        const isLast = calls === 0 && next >= pending.length;
        if (!mustStopPage() && !isSaving && !isLast && unsaved >= deps.limits.saveEvery)
          void save();
        while (!isSent() && active + reserved < window.size()) {
          const index = pending[next++] ?? 0;
          void countNow(() => call(index));
        }
      },
    };
    queues.push(queue);
    return {
      sent: () => until(isSent),
      async run() {
        await until(isDone);
        pending = pending.slice(next);
        next = 0;
        if (bug !== null) throw bug.error;
      },
      repeat,
      mustStop: mustStopPage,
      leave: () => void queues.splice(queues.indexOf(queue), 1),
    };
  };

  return {
    add,
    count,
    mustStop,
    fail,
    async settle() {
      await until(() => !isReading);
      if (bug !== null) throw bug.error;
    },
  };
}

/** Stores the result of a start in the page; returns true if the object must be started again. */
function settle(page: PageRun, index: number, end: ObjectEnd): boolean {
  switch (end.kind) {
    case "known":
      page.states[index] = end.state;
      return false;
    case "provisional":
      page.provisional.set(index, end.result);
      return false;
    case "again": {
      const state = end.state ?? page.states[index] ?? null;
      page.states[index] = state;
      if (state?.is !== "uncertain" || state.tries < maxTries) return true;
      const { cause, message } = end.failure;
      const left = "the copy may have been started";
      page.states[index] = { is: "failed", cause, message: `${message}; ${left}` };
      return false;
    }
  }
}

/** Writes the counts of the pages to the record, and stops the job if too many objects have failed. */
async function reportProgress(run: JobRun, pages: () => readonly PageRun[]): Promise<void> {
  const { deps } = run;
  await changeRecord(run, (record) => {
    const now = deps.now();
    let changed: JobRecord | null = null;
    // Listed at the time of the write, because the record already contains any page that the run has left.
    for (const { plan, states } of pages()) {
      const entry = toOpenPage(plan, states, null);
      changed = withOpenPage(changed ?? record, entry, now) ?? changed;
    }
    return changed === null ? null : withFailureLimit({ ...changed, warning: null }, now);
  });
}
