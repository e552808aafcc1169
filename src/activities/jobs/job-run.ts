import type { InstanceId } from "../../copy/contract/ids.ts";
import type { Failure } from "../../copy/contract/failure.ts";
import { second } from "../../copy/durations.ts";
import type { AccessPolicy } from "../../copy/routing/copy-access.ts";
import { plusMs, toIso } from "../../copy/time.ts";
import type { EpochMs } from "../../copy/time.ts";
import type { JobFailure } from "../../jobs/contract/job-failure.ts";
import type { JobInput, JobPlace } from "../../jobs/contract/job-input.ts";
import type { JobRecord } from "../../jobs/contract/job-record.ts";
import type { PagePlan } from "../../jobs/contract/page.ts";
import { folderOf } from "../../jobs/request/places.ts";
import type { JobSide, JobStorage } from "../../jobs/contract/storage.ts";
import type { CallWindow } from "../../jobs/decisions/throttle.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Seal, SealedPlace } from "../../secrets/seal.ts";

/** The interfaces that the activity of a job uses. */
export type JobDependencies = {
  storage: JobStorage;
  ledger: Pick<Ledger, "jobs">;
  seal: Seal;
  /** The jobs that are allowed now. */
  access: AccessPolicy;
  /** Epoch ms. */
  now(): EpochMs;
  newGuid(): string;
  limits: JobLimits;
};

export type JobLimits = {
  /** Objects in a page, at most. */
  pageSize: number;
  /** Progress is written after so many objects. */
  saveEvery: number;
  /** A run starts nothing after this time (ms). */
  maxRunMs: number;
};

export const defaultJobLimits: JobLimits = {
  pageSize: 5_000,
  saveEvery: 250,
  // An activity works at most a minute; a call that is sent at the end of this may take as long as `callTimeoutMs`.
  maxRunMs: 40 * second,
};

/** The client gives a call up after this time (ms). */
const callTimeoutMs = 20 * second;
/** No call that a run has sent can arrive at Storage so long after the run's last start (ms). */
const fenceMs = 120 * second;
/** How often a run reads what is wanted of the job (ms). */
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
  /** The last plan that the run wrote or read; null if there is none. */
  plan: PagePlan | null;
};

export type JobSides = { source: JobSide; destination: JobSide };

/** What a step of a run leaves: go on with the next step, or wait until a time (epoch ms). */
export type StepEnd = { kind: "next" } | { kind: "wait"; until: EpochMs };

export const goOn: StepEnd = { kind: "next" };

/** The times of a run that begins now. */
export function runTimes({ now, limits }: JobDependencies): Pick<JobRun, "until" | "fence"> {
  const until = plusMs(now(), limits.maxRunMs);
  return { until, fence: plusMs(until, fenceMs) };
}

/** How long after an unclear start it can still arrive (ms). */
export const maxInFlightMs = fenceMs;

/** The time and the time-out of a call that is sent now. */
export function callOrder({ deps }: JobRun): { now: EpochMs; signal: AbortSignal } {
  return { now: deps.now(), signal: AbortSignal.timeout(callTimeoutMs) };
}

/** Changes the record, and keeps it in the run. Its throttle is that of the run. */
export async function changeRecord(
  run: JobRun,
  update: (record: JobRecord) => JobRecord | null,
): Promise<void> {
  const { deps, instanceId } = run;
  const change = (record: JobRecord): JobRecord | null => {
    const next = record.generation === run.generation ? update(record) : null;
    return next === null ? null : { ...next, throttle: run.window.state() };
  };
  const changed = await deps.ledger.jobs.change(instanceId, change, run.record);
  // Without a write, the record that is known may be old.
  if (changed === null || changed === run.record) return;
  run.record = changed;
  run.recordAt = deps.now();
}

/** Stops the job: it starts nothing more, waits for what is pending, and fails. The first reason is kept. */
export function withStop(record: JobRecord, stopped: JobFailure, now: EpochMs): JobRecord | null {
  return record.stopped === null ? { ...record, stopped, updatedAt: toIso(now) } : null;
}

/** A response that Storage may give otherwise later: the run waits, and the window shrinks. */
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

/** Opens the SAS of both sides. Throws `UnsealError`. */
export function openJobSides(
  { seal }: Pick<JobDependencies, "seal">,
  instanceId: InstanceId,
  { source, destination, sourceSas, destinationSas }: JobInput,
): JobSides {
  const open = (place: JobPlace, sealed: string | null, field: SealedPlace["field"]): JobSide => ({
    container: place.container,
    access:
      sealed === null
        ? { kind: "identity" }
        : {
            kind: "sas",
            sas: seal.open(sealed, { instanceId, field, endpoint: folderOf(place) }),
          },
  });
  return {
    source: open(source, sourceSas, "sourceSas"),
    destination: open(destination, destinationSas, "destinationSas"),
  };
}
