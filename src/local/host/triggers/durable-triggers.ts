import type { Clock } from "../../clock.ts";
import type { DurableFunctions, InvocationResult } from "../../durable/api/engine-api.ts";
import { readSdkTasks } from "../../durable/api/open-tasks.ts";
import type { FunctionsApp } from "../worker/functions-core.ts";
import { type InvocationOutcome, invoke, type RunningApp } from "../worker/invocation.ts";
import type { Logger } from "../../log.ts";
import { buildActivityInput, toResultJson, type TypedData } from "../worker/typed-data.ts";

/**
 * Returns the app's orchestrators and activities, as the durable engine calls them. With `lines`, each activity writes
 * a log line with its duration; the engine itself logs orchestrations. `extraInputs`: values of the activities' further
 * input bindings, by binding type.
 */
export function durableFunctions(
  app: RunningApp,
  lines?: { clock: Clock; logger: Logger },
  extraInputs: () => Readonly<Record<string, TypedData>> = () => ({}),
): DurableFunctions {
  return {
    orchestrators: () => functionNames(app, "orchestrationTrigger"),
    activities: () => functionNames(app, "activityTrigger"),
    invokeOrchestrator: async (name, trigger) => {
      const outcome = await invoke(app, { functionName: name, trigger: { string: trigger } });
      return { ...toResult(outcome), tasks: readSdkTasks(outcome.context) };
    },
    invokeActivity: async (name, { instanceId, input }) => {
      const startedAt = lines?.clock.now() ?? 0;
      const trigger = buildActivityInput(input);
      // `instanceId` and `data` as ActivityTriggerAttributeBindingProvider.cs binds them.
      const triggerMetadata: Record<string, TypedData> = {
        instanceId: { string: instanceId },
        data: trigger,
      };
      const outcome = await invoke(app, {
        functionName: name,
        trigger,
        triggerMetadata,
        extraInputs: extraInputs(),
      });
      if (lines !== undefined) {
        const took = `${lines.clock.now() - startedAt} ms`;
        const level = outcome.ok ? "information" : "error";
        const message = outcome.ok
          ? `${name} done in ${took}`
          : `${name} failed in ${took}: ${outcome.message}`;
        lines.logger(level, "activity", instanceId, message);
      }
      return toResult(outcome);
    },
  };
}

/** Returns the names of the functions with a trigger of `type`, as the app spelled them. */
export function functionNames(app: FunctionsApp, type: string): readonly string[] {
  return [...app.functions.values()]
    .filter(({ metadata }) =>
      Object.values(metadata.bindings).some(
        (binding) => binding.type.toLowerCase() === type.toLowerCase(),
      ),
    )
    .map(({ metadata }) => metadata.name);
}

function toResult(outcome: InvocationOutcome): InvocationResult {
  if (outcome.ok) return { ok: true, json: toResultJson(outcome.returnValue) };
  return { ok: false, message: outcome.message, stack: outcome.stack };
}
