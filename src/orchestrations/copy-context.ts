import type { OrchestrationContext, Task } from "durable-functions";
import { dateOf } from "../copy/time.ts";
import type { RunRecord } from "../copy/contract/copy-status.ts";
import { endsOf } from "../copy/contract/activities.ts";
import type { CopyInput, CopyStep, CopySteps } from "../copy/contract/activities.ts";
import { failure } from "../copy/contract/failure.ts";
import { createReport } from "./report.ts";
import type { Report } from "./report.ts";
import { createWaits } from "./waits.ts";
import type { Waits } from "./waits.ts";

/** Code that runs inside an orchestration and may yield to Durable. */
export type Turns<T> = Generator<Task, T, unknown>;

/** What every part of the copy orchestration works with. */
export type Run = {
  /** The whole request, for prepare and start. */
  request: CopyStep<CopyInput>;
  /** As much of it as looks need; every look stands in the history. */
  step: CopyStep;
  waits: Waits;
  report: Report;
  /** The orchestration's own time, epoch ms: the same at every replay. */
  now(): number;
  /** Waits until `due` and hears nothing meanwhile. */
  sleep(due: number): Turns<void>;
  /** One activity; the types are those of `CopySteps`. */
  call<Name extends keyof CopySteps>(
    name: Name,
    input: Parameters<CopySteps[Name]>[0],
  ): Turns<Awaited<ReturnType<CopySteps[Name]>>>;
};

/** Tries of prepare and start, or of settle, that Storage does not answer: about nine hours of them. */
export const mostTries = 20;

/** `former` is what goes on in this run: a copy whose own run was broken off. */
export function createRun(
  context: OrchestrationContext,
  copy: CopyInput,
  former: { instanceId: string; record: RunRecord } | null = null,
): Run {
  const instanceId = former?.instanceId ?? context.df.instanceId;
  const ends = endsOf(copy);
  const now = () => context.df.currentUtcDateTime.getTime();
  return {
    request: { instanceId, copy: { ...copy, ...ends } },
    step: { instanceId, copy: ends },
    waits: createWaits(context),
    report: createReport(context, { now, former: former?.record ?? null }),
    now,
    *sleep(due) {
      yield context.df.createTimer(dateOf(due));
    },
    *call<Name extends keyof CopySteps>(name: Name, input: Parameters<CopySteps[Name]>[0]) {
      // The activity of this name returns this type; histories carry it as JSON. Trouble is part of each.
      type Result = Awaited<ReturnType<CopySteps[Name]>>;
      try {
        return (yield context.df.callActivity(name, input)) as Result;
      } catch {
        // Activities return their failures; one that could not run at all (a time-out, a host that ran
        // out of memory) is tried again. Its text may quote inputs and stays unshown.
        const reason = failure(
          "internal",
          `Cannot go on now as the activity ${name} could not be run`,
        );
        return { state: "trouble", failure: reason, retryAfterSeconds: null } as Result;
      }
    },
  };
}
