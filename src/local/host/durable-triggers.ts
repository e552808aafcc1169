import type { DurableFunctions, InvocationResult } from "../durable/door.ts";
import type { FunctionsApp } from "./functions-core.ts";
import { type InvocationOutcome, invoke, type RunningApp } from "./invocation.ts";
import { activityInput, returnValueJson, type TypedData } from "./typed-data.ts";

/** The app's orchestrators and activities, as the durable engine calls them. */
export function durableFunctions(app: RunningApp): DurableFunctions {
  return {
    orchestrators: () => namesOf(app, "orchestrationTrigger"),
    activities: () => namesOf(app, "activityTrigger"),
    invokeOrchestrator: async (name, trigger) =>
      asResult(await invoke(app, { functionName: name, trigger: { string: trigger } })),
    invokeActivity: async (name, { instanceId, input }) => {
      const trigger = activityInput(input);
      // `instanceId` and `data` as ActivityTriggerAttributeBindingProvider.cs binds them.
      const triggerMetadata: Record<string, TypedData> = {
        instanceId: { string: instanceId },
        data: trigger,
      };
      return asResult(await invoke(app, { functionName: name, trigger, triggerMetadata }));
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
