import { failure } from "../../copy/contract/failure.ts";
import { earliest, toIso } from "../../copy/time.ts";
import type { JobStep, JobStepResult } from "../../jobs/contract/job-input.ts";
import type { JobRecord } from "../../jobs/contract/job-record.ts";
import { createWindow } from "../../jobs/decisions/throttle.ts";
import { checkJobAccess } from "../../jobs/request/job-access.ts";
import type { UnsealError } from "../../secrets/seal.ts";
import { endPage } from "./abort-page.ts";
import { copyPages, maxOpenPages } from "./copy-pages.ts";
import { checkReport, endJob } from "./end-job.ts";
import {
  changeRecord,
  JobDeletedError,
  readIntervalMs,
  readRecord,
  runTimes,
  withStop,
} from "./support/job-run.ts";
import type { JobDependencies, JobRun, StepEnd } from "./support/job-run.ts";
import { createJobSides, findUnsealError } from "./support/job-sides.ts";
import { planPage } from "./plan-page.ts";
import { pollPage } from "./poll-page.ts";
import { waitForKey, withOpenedSides } from "./support/wait-for-key.ts";

const noSuchJob = "There is no such job";

/**
 * Works on a job for at most a minute: plans pages, starts their objects, polls pending copies, and ends the job. Its
 * record contains the order to it. A job has one such activity at a time, but Durable may run it again, or twice at the
 * same time: every step follows the plan of its page, and every write is conditional.
 */
export async function workOnJob(deps: JobDependencies, step: JobStep): Promise<JobStepResult> {
  const { instanceId, generation } = step;
  const record = await deps.ledger.jobs.read(instanceId);
  const done = record === null ? noSuchJob : doneReason(record, generation);
  if (record === null || done !== null) {
    if (record !== null && record.end !== null) {
      await deps.ledger.jobs.active.remove({ instanceId, generation: record.generation });
    }
    return { kind: "done", reason: done ?? "" };
  }
  try {
    const run: JobRun = {
      deps,
      instanceId,
      generation,
      runId: deps.newGuid(),
      ...runTimes(deps),
      record,
      recordAt: deps.now(),
      window: createWindow(record.throttle, record.input.concurrency),
      sides: createJobSides(deps, instanceId, record.input),
      written: Promise.resolve(),
      plans: [],
    };
    return await workUntilDone(run);
  } catch (error) {
    if (!(error instanceof JobDeletedError)) throw error;
    const { jobs } = deps.ledger;
    // The run may have written a page after the pages were deleted.
    if ((await jobs.read(instanceId)) === null) await jobs.pages.remove(instanceId);
    return { kind: "done", reason: noSuchJob };
  }
}

/** Why there is nothing to do for this orchestration; null if there is. */
function doneReason({ end, isPaused, wanted, ...record }: JobRecord, generation: number) {
  if (record.generation !== generation) return "A newer orchestration works on the job";
  if (end !== null) return `The job has ended: ${end.status}`;
  return isPaused && wanted === "pause" ? "The job is paused" : null;
}

async function workUntilDone(run: JobRun): Promise<JobStepResult> {
  const { deps, generation } = run;
  await begin(run);
  for (;;) {
    const reason = doneReason(run.record, generation);
    if (reason !== null) return { kind: "done", reason };
    if (deps.now() >= run.until) return { kind: "again" };
    const { record } = run;
    const end = await takeStep(run);
    if (end.kind === "wait" && end.until > deps.now()) return { kind: "wait", until: end.until };
    // A step that has written the record knows it.
    const isKnown = run.record !== record && deps.now() - run.recordAt < readIntervalMs;
    if (!isKnown) await readRecord(run);
    if (doneReason(run.record, generation) === null && run.record.wanted === "pause") {
      await changeRecord(run, (record) =>
        record.wanted === "pause"
          ? { ...record, isPaused: true, warning: null, sealedSince: {} }
          : null,
      );
    }
  }
}

/** Records the start and which sides can be opened again, and checks whether the settings still allow the job. */
async function begin(run: JobRun): Promise<void> {
  const { deps } = run;
  const now = deps.now();
  const denial = checkJobAccess(deps.access, run.record.input, now);
  const isOpened = withOpenedSides(run, run.record) !== null;
  if (denial === null && run.record.startedAt !== null && !isOpened) return;
  await changeRecord(run, (record) => {
    const started = {
      ...(withOpenedSides(run, record) ?? record),
      startedAt: record.startedAt ?? toIso(now),
    };
    if (denial === null) return started;
    const message = `Cannot continue the job because ${denial.reason}`;
    return withStop(started, failure("not-allowed", message), now) ?? started;
  });
}

/** The next step of the job, by its record. */
async function takeStep(run: JobRun): Promise<StepEnd> {
  const { deps, record } = run;
  const { wanted, stopped, open, startedPages, plannedPages, next, dryRun } = record;
  const now = deps.now();
  if (wanted === "pause") return { kind: "next" };
  if (record.ending !== null) return await endJob(run);
  const current = !dryRun && startedPages < plannedPages ? startedPages + 1 : null;
  const pending = open.filter(({ dueAt }) => dueAt !== null);
  if (wanted === "abort") {
    // A run that died may have begun the current page without an entry in the record, and the next one with one.
    const page = firstPage(open[0]?.page ?? null, current);
    return page === null ? await endJob(run) : await endPage(run, page, { abortsPending: true });
  }
  if (stopped !== null && current !== null) {
    return await endPage(run, current, { abortsPending: false });
  }
  if (stopped === null && !record.isChecked) return await checkReport(run);
  const due = pending.find(({ dueAt }) => dueAt !== null && dueAt <= now);
  if (due !== undefined) return await pollPage(run, due.page);
  if (stopped === null && pending.length < maxOpenPages) {
    const isLeft = current !== null || next !== null;
    if (run.window.isPaused(now) && isLeft) {
      return { kind: "wait", until: nextTime(pending, run.window.pausedUntil()) };
    }
    const error = isLeft ? findSealed(run) : null;
    if (error !== null) return await waitForKey(run, error);
    if (current !== null) return await copyPages(run, current);
    if (next !== null) return await planPage(run, next);
  }
  return pending.length === 0
    ? await endJob(run)
    : { kind: "wait", until: nextTime(pending, null) };
}

/** Why no page can be planned or started now; null if both sides can be opened. */
function findSealed({ sides: { source, destination } }: JobRun): UnsealError | null {
  return findUnsealError(source) ?? findUnsealError(destination);
}

function firstPage(open: number | null, current: number | null): number | null {
  return open === null || current === null ? (open ?? current) : Math.min(open, current);
}

function nextTime(pending: JobRecord["open"], paused: ReturnType<JobRun["window"]["pausedUntil"]>) {
  const times = pending.flatMap(({ dueAt }) => (dueAt === null ? [] : [dueAt]));
  if (paused !== null) times.push(paused);
  const [first, ...others] = times;
  if (first === undefined) throw new Error("Cannot wait because nothing is due");
  return earliest(first, ...others);
}
