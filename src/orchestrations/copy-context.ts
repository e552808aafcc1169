import type { OrchestrationContext, Task } from "durable-functions";
import { toInstanceId } from "../copy/contract/ids.ts";
import type { InstanceId } from "../copy/contract/ids.ts";
import { fromDate, toDate } from "../copy/time.ts";
import type { EpochMs } from "../copy/time.ts";
import type { OrchestrationRecord } from "../copy/contract/copy-status.ts";
import { pickEndpoints } from "../copy/contract/activities.ts";
import type { CopyInput, ActivityInput, CopyActivities } from "../copy/contract/activities.ts";
import { failure } from "../copy/contract/failure.ts";
import { createStatusReport } from "./status-report.ts";
import type { StatusReport } from "./status-report.ts";
import { createWaits, timerFor } from "./waits.ts";
import type { Waits } from "./waits.ts";

/** A part of an orchestration: it yields tasks to Durable and returns `T`. */
export type Orchestrated<T> = Generator<Task, T, unknown>;

/** Shared by all parts of an orchestration. */
export type CopyContext = {
  /** The whole request, for start and notifications. */
  request: ActivityInput<CopyInput>;
  /** The part of it that the other activities need. It is small, because every poll writes it to the history. */
  copyRef: ActivityInput;
  waits: Waits;
  report: StatusReport;
  /** The orchestration's own time (epoch ms): the same in every replay. */
  now(): EpochMs;
  /** The number of activities called and timers created so far; in a repair, those of the repair. */
  counts(): { activities: number; timers: number };
  /** Logs a line, but not when the turn is replayed. */
  log(line: string): void;
  /** Waits until `due` (epoch ms) and ignores events. */
  sleep(due: EpochMs): Orchestrated<void>;
  /**
   * Calls one activity. Failures are returned as values and retried by the orchestration, not by a retry policy of
   * Durable, for three reasons: the orchestration limits how many events its retries add to the history, a retry can
   * wait for Storage's own Retry-After, and an abort is noticed while it waits.
   */
  call<Name extends keyof CopyActivities>(
    name: Name,
    input: Parameters<CopyActivities[Name]>[0],
  ): Orchestrated<Awaited<ReturnType<CopyActivities[Name]>>>;
};

/** How often start, or settle, is called while Storage does not respond; this takes about nine hours. */
export const maxAttempts = 20;

/** Creates the context. `former`: the copy's own instance and its record, when a repair takes the copy over. */
export function createCopyContext(
  context: OrchestrationContext,
  copy: CopyInput,
  former: { instanceId: InstanceId; record: OrchestrationRecord } | null = null,
): CopyContext {
  const instanceId = former?.instanceId ?? toInstanceId(context.df.instanceId);
  const endpoints = pickEndpoints(copy);
  const now = () => fromDate(context.df.currentUtcDateTime);
  const counts = { activities: 0, timers: 0 };
  const countTimer = () => {
    counts.timers++;
  };
  return {
    request: { instanceId, copy: { ...copy, ...endpoints } },
    copyRef: { instanceId, copy: endpoints },
    waits: createWaits(context, now, countTimer),
    report: createStatusReport(context, { now, former: former?.record ?? null }),
    now,
    counts: () => ({ ...counts }),
    log(line) {
      if (!context.df.isReplaying) context.log(line);
    },
    *sleep(due) {
      countTimer();
      yield context.df.createTimer(toDate(timerFor(due, now())));
    },
    *call<Name extends keyof CopyActivities>(
      name: Name,
      input: Parameters<CopyActivities[Name]>[0],
    ) {
      // Each activity returns its type in this table, as JSON; every type includes transient failures.
      type Result = Awaited<ReturnType<CopyActivities[Name]>>;
      counts.activities++;
      try {
        return (yield context.df.callActivity(name, input)) as Result;
      } catch {
        // Activities return their failures. An activity that could not run (time-out, out of memory) is retried.
        // The error's text may quote inputs and is dropped.
        const message = `Cannot continue now because the activity ${name} did not run`;
        const reason = failure("internal", message);
        return { kind: "transient-failure", failure: reason, retryAfterSeconds: null } as Result;
      }
    },
  };
}
