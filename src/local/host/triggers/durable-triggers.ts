import type { Clock } from "../../clock.ts";
import type { DurableFunctions, InvocationResult } from "../../durable/api/engine-api.ts";
import { sdkTasksOf } from "../../durable/api/open-tasks.ts";
import type { FunctionsApp } from "../worker/functions-core.ts";
import { type InvocationOutcome, invoke, type RunningApp } from "../worker/invocation.ts";
import type { Logger } from "../../log.ts";
import { activityInput, returnValueJson, type TypedData } from "../worker/typed-data.ts";

/**
 * The app's orchestrators and activities, as the durable engine calls them. With `lines`, each
 * activity leaves a line with its duration; orchestrations are reported by the engine itself.
 */
export function durableFunctions(
  app: RunningApp,
  lines?: { clock: Clock; logger: Logger },
): DurableFunctions {
  return {
    orchestrators: () => namesOf(app, "orchestrationTrigger"),
    activities: () => namesOf(app, "activityTrigger"),
    invokeOrchestrator: async (name, trigger) => {
      const outcome = await invoke(app, { functionName: name, trigger: { string: trigger } });
      return { ...asResult(outcome), tasks: sdkTasksOf(outcome.context) };
    },
    invokeActivity: async (name, { instanceId, input }) => {
      const began = lines?.clock.now() ?? 0;
      const trigger = activityInput(input);
      // `instanceId` and `data` as ActivityTriggerAttributeBindingProvider.cs binds them.
      const triggerMetadata: Record<string, TypedData> = {
        instanceId: { string: instanceId },
        data: trigger,
      };
      const outcome = await invoke(app, { functionName: name, trigger, triggerMetadata });
      if (lines !== undefined) {
        const took = `${lines.clock.now() - began} ms`;
        const level = outcome.ok ? "information" : "error";
        const message = outcome.ok
          ? `${name} done in ${took}`
          : `${name} failed in ${took}: ${outcome.message}`;
        lines.logger(level, "activity", instanceId, message);
      }
      return asResult(outcome);
    },
  };
}

/** Names of the functions whose trigger is of `type`, as the app wrote them. */
export function namesOf(app: FunctionsApp, type: string): readonly string[] {
  return [...app.functions.values()]
    .filter(({ metadata }) =>
      Object.values(metadata.bindings).some(
        (binding) => binding.type.toLowerCase() === type.toLowerCase(),
      ),
    )
    .map(({ metadata }) => metadata.name);
}

function asResult(outcome: InvocationOutcome): InvocationResult {
  if (outcome.ok) return { ok: true, json: returnValueJson(outcome.returnValue) };
  return { ok: false, message: outcome.message, stack: outcome.stack };
}
