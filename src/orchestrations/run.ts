import type { OrchestrationContext, Task } from "durable-functions";
import { dateOf } from "../copy/dates.ts";
import type { CopyInput, CopyStep, CopySteps } from "../copy/steps.ts";
import { createReport } from "./report.ts";
import type { Report } from "./report.ts";
import { createWaits } from "./waits.ts";
import type { Waits } from "./waits.ts";

/** Code that runs inside an orchestration and may yield to Durable. */
export type Turns<T> = Generator<Task, T, unknown>;

/** What every part of the copy orchestration works with. */
export type Run = {
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

/** Tries of a step that Storage does not answer; with the waits of `retryAt`, about a day of them. */
export const mostTries = 100;

export function createRun(context: OrchestrationContext, copy: CopyInput): Run {
  const now = () => context.df.currentUtcDateTime.getTime();
  return {
    step: { instanceId: context.df.instanceId, copy },
    waits: createWaits(context),
    report: createReport(context, now),
    now,
    *sleep(due) {
      yield context.df.createTimer(dateOf(due));
    },
    *call<Name extends keyof CopySteps>(name: Name, input: Parameters<CopySteps[Name]>[0]) {
      const result = yield context.df.callActivity(name, input);
      // The activity of this name returns this type; histories carry it as JSON.
      return result as Awaited<ReturnType<CopySteps[Name]>>;
    },
  };
}
