import type { OrchestrationContext, Task } from "durable-functions";
import { toDate } from "../copy/time.ts";
import type { OrchestrationRecord } from "../copy/contract/copy-status.ts";
import { pickEndpoints } from "../copy/contract/activities.ts";
import type { CopyInput, ActivityInput, CopyActivities } from "../copy/contract/activities.ts";
import { failure } from "../copy/contract/failure.ts";
import { createStatusReport } from "./report.ts";
import type { StatusReport } from "./report.ts";
import { createWaits } from "./waits.ts";
import type { Waits } from "./waits.ts";

/** Code that runs inside an orchestration and may yield to Durable. */
export type Orchestrated<T> = Generator<Task, T, unknown>;

/** What every part of the copy orchestration works with. */
export type CopyContext = {
  /** The whole request, for prepare and start. */
  request: ActivityInput<CopyInput>;
  /** As much of it as looks need; every look stands in the history. */
  step: ActivityInput;
  waits: Waits;
  report: StatusReport;
  /** The orchestration's own time, epoch ms: the same at every replay. */
  now(): number;
  /** Waits until `due` and hears nothing meanwhile. */
  sleep(due: number): Orchestrated<void>;
  /** One activity; the types are those of `CopySteps`. */
  call<Name extends keyof CopyActivities>(
    name: Name,
    input: Parameters<CopyActivities[Name]>[0],
  ): Orchestrated<Awaited<ReturnType<CopyActivities[Name]>>>;
};

/** Tries of prepare and start, or of settle, that Storage does not answer: about nine hours of them. */
export const maxAttempts = 20;

/** `former` is what goes on in this run: a copy whose own run was broken off. */
export function createCopyContext(
  context: OrchestrationContext,
  copy: CopyInput,
  former: { instanceId: string; record: OrchestrationRecord } | null = null,
): CopyContext {
  const instanceId = former?.instanceId ?? context.df.instanceId;
  const ends = pickEndpoints(copy);
  const now = () => context.df.currentUtcDateTime.getTime();
  return {
    request: { instanceId, copy: { ...copy, ...ends } },
    step: { instanceId, copy: ends },
    waits: createWaits(context),
    report: createStatusReport(context, { now, former: former?.record ?? null }),
    now,
    *sleep(due) {
      yield context.df.createTimer(toDate(due));
    },
    *call<Name extends keyof CopyActivities>(
      name: Name,
      input: Parameters<CopyActivities[Name]>[0],
    ) {
      // The activity of this name returns this type; histories carry it as JSON. Trouble is part of each.
      type Result = Awaited<ReturnType<CopyActivities[Name]>>;
      try {
        return (yield context.df.callActivity(name, input)) as Result;
      } catch {
        // Activities return their failures; one that could not run at all (a time-out, a host that ran
        // out of memory) is tried again. Its text may quote inputs and stays unshown.
        const reason = failure(
          "internal",
          `Cannot go on now as the activity ${name} could not be run`,
        );
        return { kind: "transient-failure", failure: reason, retryAfterSeconds: null } as Result;
      }
    },
  };
}
