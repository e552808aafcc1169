import type { ActivityCall, DurableFunctions, InvocationResult } from "./api/engine-api.ts";
import { eventTypes, eventBase, type TaskCompleted, type TaskFailed } from "./history/history.ts";
import type { ActivityWork } from "./hub/hub-work.ts";
import { findName, missingFunctionText } from "./turn/function-names.ts";

/** Runs an activity once. Returns the event with its result for the orchestration. `now` returns epoch ms. */
export async function runActivity(
  work: ActivityWork,
  functions: DurableFunctions,
  now: () => number,
): Promise<TaskCompleted | TaskFailed> {
  const result = await call(work, functions);
  return result.ok
    ? {
        EventType: eventTypes.TaskCompleted,
        ...eventBase(now()),
        TaskScheduledId: work.taskId,
        Result: result.json,
      }
    : {
        EventType: eventTypes.TaskFailed,
        ...eventBase(now()),
        TaskScheduledId: work.taskId,
        ...buildFailure(work.name, result),
        FailureDetails: null,
      };
}

async function call(work: ActivityWork, functions: DurableFunctions): Promise<InvocationResult> {
  const { instanceId, input } = work;
  const name = findName(functions.activities(), work.name);
  // The app can have changed since the activity was scheduled.
  if (name === undefined) {
    return { ok: false, message: missingFunctionText(work.name, "activity"), stack: "" };
  }
  const activity: ActivityCall = { instanceId, input };
  return await functions.invokeActivity(name, activity);
}

/**
 * TaskActivityShim.cs: the reason is the message that the worker reported. The details are the JSON of a .NET
 * exception; they quote the worker's whole report.
 */
function buildFailure(
  name: string,
  { message, stack }: { message: string; stack: string },
): Pick<TaskFailed, "Reason" | "Details"> {
  return {
    Reason: `Activity function '${name}' failed: ${message}`,
    Details: JSON.stringify({
      $type: "System.Exception, System.Private.CoreLib",
      ClassName: "System.Exception",
      Message: message,
      Data: null,
      InnerException: {
        $type:
          "Microsoft.Azure.WebJobs.Script.Workers.Rpc.RpcException, Microsoft.Azure.WebJobs.Script",
        RemoteMessage: message,
        RemoteStackTrace: stack,
        Message: `Result: Failure\nException: ${message}\nStack: ${stack}`,
        Data: { $type: "System.Collections.ListDictionaryInternal, System.Private.CoreLib" },
        InnerException: null,
        HelpLink: null,
        Source: "Microsoft.Azure.WebJobs.Script",
        HResult: exceptionCode,
        StackTrace: "",
      },
      HelpURL: null,
      StackTraceString: null,
      RemoteStackTraceString: null,
      RemoteStackIndex: 0,
      ExceptionMethod: null,
      HResult: exceptionCode,
      Source: null,
      WatsonBuckets: null,
    }),
  };
}

/** COR_E_EXCEPTION, the default code of exceptions. */
const exceptionCode = -2_146_233_088;
