import { beginPolls, toOpenPage, withOpenPage } from "../../jobs/decisions/pages.ts";
import { isFinalState } from "../../jobs/contract/page.ts";
import { closePage } from "./close-page.ts";
import { changeRecord, goOn } from "./support/job-run.ts";
import type { JobRun, StepEnd } from "./support/job-run.ts";
import { createPageStarts } from "./page-starts.ts";
import type { PageStarts, StartedPage } from "./page-starts.ts";
import { openPage } from "./support/page-run.ts";
import type { PageRun } from "./support/page-run.ts";
import { planPage } from "./plan-page.ts";

/** The maximum number of a job's pages with pending copies. */
export const maxOpenPages = 20;

/**
 * Starts the objects of a page and of the pages after it, until the run's time is over, or the job must stop, slow down
 * or poll. While a page is copied, the run plans the next one. The next page begins when the run has sent a start for
 * every object of the previous page, so a slow copy does not leave the window empty. A run works on at most two pages,
 * and records them in order.
 */
export async function copyPages(run: JobRun, first: number): Promise<StepEnd> {
  const starts = createPageStarts(run);
  const ends: Promise<StepEnd>[] = [];
  const begin = async (number: number): Promise<void> => {
    const page = await openPage(run, number, { registers: true });
    const started = page === null ? null : starts.add(page);
    // Begins first, because the copies of the page may fill the window.
    const ahead = planAhead(run, starts, number);
    const end = finishPage(run, { number, page, started, before: ends.at(-1) ?? null });
    end.catch(starts.fail);
    ends.push(end);
    await Promise.all([started?.sent(), ahead]);
  };
  try {
    await begin(first);
    for (let number = first + 1; mayBegin(run, starts, number); number++) {
      await begin(number);
      await ends.at(-2);
    }
  } catch (error) {
    starts.fail(error);
  }
  await Promise.allSettled(ends);
  await starts.settle();
  const waits = (await Promise.all(ends)).find(({ kind }) => kind === "wait");
  return waits ?? goOn;
}

/** Returns true if neither the record that the run read last nor a pause of the window prevents new starts. */
function mayGoOn({ record, generation, window, deps }: JobRun): boolean {
  const { wanted, stopped, end } = record;
  const isCurrent = record.generation === generation && end === null;
  return isCurrent && wanted === "run" && stopped === null && !window.isPaused(deps.now());
}

function mayBegin(run: JobRun, starts: PageStarts, number: number): boolean {
  const { plannedPages, startedPages, open } = run.record;
  const pending = open.flatMap(({ dueAt }) => (dueAt === null ? [] : [dueAt]));
  const now = run.deps.now();
  return (
    number <= plannedPages &&
    number <= startedPages + 2 &&
    mayGoOn(run) &&
    !starts.mustStop() &&
    // The previous page may leave pending copies, too.
    pending.length < maxOpenPages - 1 &&
    pending.every((dueAt) => dueAt > now)
  );
}

/** Plans the page after `current`, as one of the calls that the window allows. */
async function planAhead(run: JobRun, starts: PageStarts, current: number): Promise<void> {
  // No page is planned yet if `select` has left out all blobs that were listed so far.
  while (!starts.mustStop() && mayGoOn(run)) {
    const { next, plannedPages } = run.record;
    // If the window allows only one call, that call is for copies.
    if (next === null || plannedPages > current || run.window.size() < 2) return;
    const end = await starts.count(() => planPage(run, next));
    if (end.kind === "wait") return;
  }
}

type Finishing = {
  number: number;
  page: PageRun | null;
  started: StartedPage | null;
  /** The end of the previous page; null if the record contains it. */
  before: Promise<StepEnd> | null;
};

/** Waits until the objects of a page are started or the run must start no more; then records the page's state. */
async function finishPage(
  run: JobRun,
  { number, page, started, before }: Finishing,
): Promise<StepEnd> {
  if (page === null || started === null) return await closePage(run, number, null);
  if (page.part === null) await startAll(page, started);
  started.leave();
  await before;
  return await leavePage(run, page);
}

async function startAll(page: PageRun, started: StartedPage): Promise<void> {
  await started.run();
  for (let dropped = await saveAtEnd(page); dropped.length > 0;) {
    // Another run has registered in the meantime, so the results of these objects are uncertain: start them again.
    if (started.mustStop()) break;
    started.repeat(dropped);
    await started.run();
    dropped = await saveAtEnd(page);
  }
}

async function saveAtEnd(page: PageRun): Promise<number[]> {
  if (isStarted(page)) page.polls = beginPolls(page.states);
  return await page.save({ leaves: true });
}

function isStarted({ states, provisional }: PageRun): boolean {
  return states.every(
    (state, index) => isFinalState(state) || state?.is === "pending" || provisional.has(index),
  );
}

/** Records the state of the page. */
async function leavePage(run: JobRun, page: PageRun): Promise<StepEnd> {
  const { deps } = run;
  const { states, plan } = page;
  // The counts of a page are added after those of the pages before it.
  const isNext = run.record.startedPages >= plan.page - 1;
  if (isNext && page.part !== null) return await closePage(run, plan.page, page);
  const dueAt = isStarted(page) ? (page.polls?.dueAt ?? deps.now()) : null;
  const entry = toOpenPage(plan, states, dueAt);
  await changeRecord(run, (record) => withOpenPage(record, entry, deps.now()));
  const paused = run.window.pausedUntil();
  return dueAt === null && paused !== null && paused > deps.now()
    ? { kind: "wait", until: paused }
    : goOn;
}
