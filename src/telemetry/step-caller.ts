import { isInstanceId } from "../copy/contract/ids.ts";
import type { Caller } from "./scope.ts";

/** Reads the copy or job and its trace from an activity's input, which can be any JSON because it is parsed later. */
export function readStepCaller(input: unknown): Caller {
  const { instanceId, copy, trace: own } = fields(input);
  const { trace = own } = fields(copy);
  return {
    instanceId: typeof instanceId === "string" && isInstanceId(instanceId) ? instanceId : null,
    traceparent: typeof trace === "string" ? trace : null,
  };
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
