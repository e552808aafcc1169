import { forecast } from "../../copy/polling/forecast.ts";
import { firstPollAt, nextPollAt } from "../../copy/polling/poll-policy.ts";
import { earliest, toIso } from "../../copy/time.ts";
import type { EpochMs } from "../../copy/time.ts";
import { maxShownFailures } from "../contract/job-record.ts";
import type { Counts, FailedObject, JobRecord, OpenPage } from "../contract/job-record.ts";
import type { ObjectState, PagePlan, PagePolls, PageStart } from "../contract/page.ts";
import { jobFailure } from "../contract/job-failure.ts";
import { totalsOf, withRate } from "./job-status.ts";
import { addAmounts, addCounts, countFailed, countStates, listFailures } from "./states.ts";

/** The changes that the steps of a job make to its record. Each does nothing the second time. */

/**
 * Adds a planned page, which began at `start`; null if another run has added it. An empty page only moves the place where
 * the next one begins.
 */
export function withPlannedPage(
  record: JobRecord,
  { plan, start }: { plan: PagePlan; start: PageStart },
  now: EpochMs,
): JobRecord | null {
  const { page, objects, leftOut, next } = plan;
  if (record.plannedPages !== page - 1 || record.next?.marker !== start.marker) return null;
  const bytes = objects.reduce((sum, { length }) => sum + length, 0);
  return {
    ...record,
    plannedPages: objects.length === 0 ? record.plannedPages : page,
    planned: addAmounts(record.planned, { objects: objects.length, bytes }),
    leftOut: record.leftOut + leftOut,
    next,
    warning: null,
    updatedAt: toIso(now),
  };
}

/** The page is finished, so its counts are among those of the job. */
export function isDone({ startedPages, open }: JobRecord, page: number): boolean {
  return page <= startedPages && !open.some((each) => each.page === page);
}

/** Builds the entry of a page from its states. `dueAt`: when to poll its pending copies; null if it must be started. */
export function toOpenPage(
  plan: PagePlan,
  states: readonly (ObjectState | null)[],
  dueAt: EpochMs | null,
): OpenPage {
  const counts = countStates(plan, states);
  return { page: plan.page, dueAt, counts, failures: listFailures(plan, states) };
}

/**
 * Returns the record with the state of a page; null if the page is done. A page counts as started only when all pages
 * before it do, and then continues to do so, even if a second run writes an older state.
 */
export function withOpenPage(record: JobRecord, entry: OpenPage, now: EpochMs): JobRecord | null {
  const { page } = entry;
  if (isDone(record, page)) return null;
  const known = record.open.find((each) => each.page === page);
  const others = record.open.filter((each) => each.page !== page);
  const isEarly = page > record.startedPages + 1;
  const dueAt = isEarly ? null : (entry.dueAt ?? known?.dueAt ?? null);
  const changed = {
    ...record,
    startedPages: dueAt === null ? record.startedPages : Math.max(record.startedPages, page),
    open: [...others, { ...entry, dueAt }].toSorted((one, other) => one.page - other.page),
    updatedAt: toIso(now),
  };
  return { ...changed, rates: withRate(changed, now) };
}

/** Stops the job if more objects than `maxFailures` have failed. */
export function withFailureLimit(record: JobRecord, now: EpochMs): JobRecord {
  const { maxFailures } = record.input;
  const failed = countFailed(totalsOf(record));
  if (maxFailures === null || failed <= maxFailures || record.stopped !== null) return record;
  const message = `Cannot continue the job because more objects have failed than maxFailures allows: ${failed} of at most ${maxFailures}`;
  const stopped = jobFailure("too-many-failures", message);
  return { ...record, stopped, updatedAt: toIso(now) };
}

/** Adds a finished page to the totals; null if that was done before, or if a page before it is not started. */
export function withDonePage(
  record: JobRecord,
  page: number,
  { counts, failures }: { counts: Counts; failures: readonly FailedObject[] },
  now: EpochMs,
): JobRecord | null {
  if (isDone(record, page) || page > record.startedPages + 1) return null;
  const changed = {
    ...record,
    startedPages: Math.max(record.startedPages, page),
    open: record.open.filter((each) => each.page !== page),
    done: addCounts(record.done, counts),
    donePages: record.donePages + 1,
    failures: [...record.failures, ...failures].slice(0, maxShownFailures),
    updatedAt: toIso(now),
  };
  return { ...changed, rates: withRate(changed, now) };
}

/** How many polls a page keeps for the forecast. */
const maxSamples = 60;

/** Plans the first poll of a page whose copies are pending; null if none is. */
export function beginPolls(states: readonly (ObjectState | null)[]): PagePolls | null {
  const starts = states.flatMap((state) => (state?.is === "pending" ? [state.since] : []));
  const [first, ...others] = starts;
  if (first === undefined) return null;
  // A page can have thousands, too many for the arguments of one call.
  const startedAt = others.reduce((min, each) => earliest(min, each), first);
  return { startedAt, dueAt: firstPollAt(startedAt), polls: 0, samples: [] };
}

/** Plans the next poll of a page by the policy of single copies, as if its objects were one. */
export function nextPolls(
  polls: PagePolls,
  plan: PagePlan,
  states: readonly (ObjectState | null)[],
  now: EpochMs,
): PagePolls {
  const { copied, pending, pendingBytesCopied } = countStates(plan, states);
  const totalBytes = copied.bytes + pending.bytes;
  const progress =
    totalBytes === 0 ? null : { bytesCopied: copied.bytes + pendingBytesCopied, totalBytes };
  const samples = [...polls.samples, { at: now, progress }].slice(-maxSamples);
  const { startedAt } = polls;
  const count = polls.polls + 1;
  const history = { startedAt, samples, forecast: forecast(samples, startedAt), polls: count, now };
  return { startedAt, dueAt: nextPollAt(history), polls: count, samples };
}
