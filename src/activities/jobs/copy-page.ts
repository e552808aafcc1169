import { plusMs } from "../../copy/time.ts";
import type { EpochMs } from "../../copy/time.ts";
import { isFinalState } from "../../jobs/contract/page.ts";
import {
  beginPolls,
  toOpenPage,
  withFailureLimit,
  withOpenPage,
} from "../../jobs/decisions/pages.ts";
import { closePage } from "./close-page.ts";
import { changeRecord, goOn, readIntervalMs } from "./job-run.ts";
import type { JobRun, StepEnd } from "./job-run.ts";
import { openPage } from "./page-run.ts";
import type { PageRun } from "./page-run.ts";
import { maxTries, startObject } from "./start-object.ts";
import type { ObjectEnd } from "./start-object.ts";

/** Starts the objects of a page until all are started, the run's time is over, or the job must stop or slow down. */
export async function copyPage(run: JobRun, number: number): Promise<StepEnd> {
  const page = await openPage(run, number, { registers: true });
  if (page === null || page.part !== null) return await closePage(run, number, page);
  const work = createWork(run, page);
  await work.run();
  for (let dropped = await page.save({ leaves: true }); dropped.length > 0;) {
    // Another run has registered meanwhile: their starts decide again, with a look at the destination.
    if (work.mustStop()) break;
    work.add(dropped);
    await work.run();
    dropped = await page.save({ leaves: true });
  }
  return await leavePage(run, page);
}

/** Records how far the page got. */
async function leavePage(run: JobRun, page: PageRun): Promise<StepEnd> {
  const { deps } = run;
  const { states, plan } = page;
  if (page.part !== null) return await closePage(run, plan.page, page);
  const isStarted = states.every((state) => isFinalState(state) || state?.is === "pending");
  if (isStarted) {
    page.polls = beginPolls(states);
    await page.save({ leaves: true });
  }
  const entry = toOpenPage(plan, states, isStarted ? (page.polls?.dueAt ?? deps.now()) : null);
  await changeRecord(run, (record) => withOpenPage(record, entry, deps.now()));
  const paused = run.window.pausedUntil();
  return !isStarted && paused !== null && paused > deps.now()
    ? { kind: "wait", until: paused }
    : goOn;
}

/** The objects of a page that must be started, and the calls that start them. */
type Work = {
  /** Starts objects until none is left or `mustStop`, and waits for the calls that run. */
  run(): Promise<void>;
  add(indexes: readonly number[]): void;
  mustStop(): boolean;
};

function createWork(run: JobRun, page: PageRun): Work {
  const { deps, window } = run;
  const { states } = page;
  let queue = states.flatMap((state, index) =>
    state === null || state.is === "uncertain" ? [index] : [],
  );
  let next = 0;
  let active = 0;
  let unsaved = 0;
  let stopped = false;
  let bug: unknown = null;
  let background: Promise<void> | null = null;
  let readAt = plusMs(deps.now(), readIntervalMs);
  let onIdle = () => {};

  const mustStop = () => stopped || bug !== null || deps.now() >= run.until;
  const isPaused = (now: EpochMs) => (window.pausedUntil() ?? now) > now;
  const guard = (work: Promise<void>): Promise<void> =>
    work.catch((error: unknown) => {
      bug ??= error;
    });

  /** Writes the progress, or the record, while starts continue. One such write runs at a time. */
  const inBackground = (work: () => Promise<void>) => {
    const finish = async () => {
      await guard(work());
      background = null;
      pump();
    };
    background = finish();
  };
  const save = async () => {
    unsaved = 0;
    add(await page.save({ leaves: false }));
    // Another run has finished the page.
    if (page.part !== null) stopped = true;
  };
  const readWanted = async () => {
    readAt = plusMs(deps.now(), readIntervalMs);
    await reportProgress(run, page);
    const { wanted, stopped: reason, generation, end } = run.record;
    const isSuperseded = generation !== run.generation || end !== null;
    if (wanted !== "run" || reason !== null || isSuperseded) stopped = true;
  };
  const add = (indexes: readonly number[]) => queue.push(...indexes);

  const handle = async (index: number) => {
    const call = window.begin();
    const end = await startObject(run, page, index);
    if (end.kind !== "again") window.served();
    else window.notServed(call, { ...end, now: deps.now() });
    if (settle(page, index, end)) queue.push(index);
    else unsaved++;
  };

  const call = async (index: number) => {
    active++;
    await guard(handle(index));
    active--;
    pump();
  };

  function pump(): void {
    const now = deps.now();
    if (!mustStop() && background === null) {
      if (unsaved >= deps.limits.saveEvery) inBackground(save);
      else if (now >= readAt) inBackground(readWanted);
    }
    while (!mustStop() && !isPaused(now) && active < window.size() && next < queue.length) {
      const index = queue[next++] ?? 0;
      void call(index);
    }
    if (active === 0 && background === null) onIdle();
  }

  return {
    add,
    mustStop,
    async run() {
      await new Promise<void>((resolve) => {
        onIdle = resolve;
        pump();
      });
      queue = queue.slice(next);
      next = 0;
      if (bug !== null) throw bug;
    },
  };
}

/** Keeps the end of a call in the page; returns true if the object must be started again. */
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

/** Writes the counts of the page to the record, and stops the job if too many objects have failed. */
async function reportProgress(run: JobRun, page: PageRun): Promise<void> {
  const { deps } = run;
  const entry = toOpenPage(page.plan, page.states, null);
  await changeRecord(run, (record) => {
    const changed = withOpenPage(record, entry, deps.now());
    return changed === null ? null : withFailureLimit({ ...changed, warning: null }, deps.now());
  });
}
