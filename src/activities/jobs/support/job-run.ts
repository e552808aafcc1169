import type { InstanceId } from "../../../copy/contract/ids.ts";
import type { Failure } from "../../../copy/contract/failure.ts";
import { second } from "../../../copy/durations.ts";
import type { AccessPolicy } from "../../../copy/routing/copy-access.ts";
import { plusMs, toIso } from "../../../copy/time.ts";
import type { EpochMs } from "../../../copy/time.ts";
import type { JobFailure } from "../../../jobs/contract/job-failure.ts";
import type { JobRecord } from "../../../jobs/contract/job-record.ts";
import type { PagePlan } from "../../../jobs/contract/page.ts";
import type { JobStorage } from "../../../jobs/contract/storage.ts";
import type { CallWindow } from "../../../jobs/decisions/throttle.ts";
import type { Ledger } from "../../../ledger/ledger.ts";
import type { Seal } from "../../../secrets/seal.ts";
import type { JobSides } from "./job-sides.ts";

/** The interfaces that the activity of a job uses. */
export type JobDependencies = {
  storage: JobStorage;
  ledger: Pick<Ledger, "jobs" | "readLock" | "records">;
  seal: Seal;
  /** The jobs that are allowed now. */
  access: AccessPolicy;
  /** Epoch ms. */
  now(): EpochMs;
  newGuid(): string;
  limits: JobLimits;
};

export type JobLimits = {
  /** The maximum number of objects in a page. */
  pageSize: number;
  /** The number of objects after which progress is written. */
  saveEvery: number;
  /** A run starts nothing after this time (ms). */
  maxRunMs: number;
};

export const defaultJobLimits: JobLimits = {
  pageSize: 5_000,
  saveEvery: 250,
  // An activity works for at most a minute: a call that is sent at the end of `maxRunMs` may take another `minCallMs`.
  maxRunMs: 40 * second,
};

/** The minimum time-out of a call (ms). */
const minCallMs = 20 * second;
/** The time after a run's last start after which none of the run's calls can arrive at Storage (ms). */
const fenceMs = 120 * second;
/** The interval at which a run reads the job's order (ms). */
export const readIntervalMs = 5 * second;

/** One run of the activity. */
export type JobRun = {
  deps: JobDependencies;
  instanceId: InstanceId;
  /** Which of the job's orchestrations runs the activity. */
  generation: number;
  /** The id of this run in the progress of its pages. */
  runId: string;
  /** No start is sent after this time, and none can arrive after `fence` (epoch ms). */
  until: EpochMs;
  fence: EpochMs;
  /** As it was last read or written, and when (epoch ms). */
  record: JobRecord;
  recordAt: EpochMs;
  window: CallWindow;
  sides: JobSides;
  /** Resolves when the record is not being written: the changes of one run wait for each other. */
  written: Promise<void>;
  /** The last two plans that the run wrote or read. */
  plans: readonly KnownPlan[];
};

/** `isNew`: this run wrote the plan, and has not worked on its page. */
export type KnownPlan = { plan: PagePlan; isNew: boolean };

/** The result of a step: continue with the next step, or wait until a time (epoch ms). */
export type StepEnd = { kind: "next" } | { kind: "wait"; until: EpochMs };

export const goOn: StepEnd = { kind: "next" };

/** The times of a run that begins now. */
export function runTimes({ now, limits }: JobDependencies): Pick<JobRun, "until" | "fence"> {
  const until = plusMs(now(), limits.maxRunMs);
  return { until, fence: plusMs(until, fenceMs) };
}

/** How long after an unclear start it can still arrive (ms). */
export const maxInFlightMs = fenceMs;

/**
 * Returns the time, and the time-out of a call that is sent now. A call that is sent earlier in its run has more time,
 * because Copy Blob From URL responds after it has copied up to 256 MiB.
 */
export function callOrder({ deps, until }: JobRun): { now: EpochMs; signal: AbortSignal } {
  const now = deps.now();
  const timeoutMs = minCallMs + Math.max(0, until - now);
  return { now, signal: AbortSignal.timeout(timeoutMs) };
}

/** Keeps a plan in the run, instead of an older one. */
export function keepPlan(run: JobRun, known: KnownPlan): void {
  const { page } = known.plan;
  run.plans = [...run.plans.filter(({ plan }) => plan.page !== page), known].slice(-2);
}

/** The job was deleted, so the run must start nothing more, and remove what it has written since. */
export class JobDeletedError extends Error {
  override readonly name = "JobDeletedError";
  constructor() {
    super("Cannot work on the job because it was deleted");
  }
}

/**
 * Changes the record, and keeps it in the run. Its throttle is that of the run. The record of a job that has ended stays.
 * Throws `JobDeletedError`.
 */
export async function changeRecord(
  run: JobRun,
  update: (record: JobRecord) => JobRecord | null,
): Promise<void> {
  await afterWrite(run, () => changeNow(run, update));
}

/** Reads the record, with the latest order to the job and the changes of other runs. Throws `JobDeletedError`. */
export async function readRecord(run: JobRun): Promise<void> {
  await afterWrite(run, async () => {
    const { deps, instanceId } = run;
    const record = await deps.ledger.jobs.read(instanceId);
    if (record === null) throw new JobDeletedError();
    run.record = record;
    run.recordAt = deps.now();
  });
}

async function afterWrite(run: JobRun, work: () => Promise<void>): Promise<void> {
  const done = run.written.then(work);
  // The error of one change is that of its caller.
  run.written = done.catch(() => {});
  await done;
}

async function changeNow(
  run: JobRun,
  update: (record: JobRecord) => JobRecord | null,
): Promise<void> {
  const { deps, instanceId } = run;
  const change = (record: JobRecord): JobRecord | null => {
    const isOpen = record.generation === run.generation && record.end === null;
    const next = isOpen ? update(record) : null;
    return next === null ? null : { ...next, throttle: run.window.state() };
  };
  const changed = await deps.ledger.jobs.change(instanceId, change, run.record);
  if (changed === null) throw new JobDeletedError();
  // Without a write, the known record may be outdated.
  if (changed === run.record) return;
  run.record = changed;
  run.recordAt = deps.now();
}

/** Stops the job: it starts no further copies, waits for the pending ones, and fails. The first reason is kept. */
export function withStop(record: JobRecord, stopped: JobFailure, now: EpochMs): JobRecord | null {
  return record.stopped === null ? { ...record, stopped, updatedAt: toIso(now) } : null;
}

/** Handles a response that may be different later: the run waits, and the window shrinks. */
export async function notServed(
  run: JobRun,
  outcome: { kind: "throttled" | "transient"; failure: Failure; retryAfterMs: number | null },
): Promise<StepEnd> {
  const { window, deps } = run;
  const now = deps.now();
  const isThrottled = outcome.kind === "throttled";
  const retryAfterMs = Math.max(second, outcome.retryAfterMs ?? 0);
  window.notServed(window.begin(), { now, retryAfterMs, isThrottled });
  await changeRecord(run, (record) => ({
    ...record,
    warning: outcome.failure.message,
    updatedAt: toIso(now),
  }));
  return { kind: "wait", until: window.pausedUntil() ?? plusMs(now, second) };
}
