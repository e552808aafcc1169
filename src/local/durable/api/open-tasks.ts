/**
 * The Durable library's state at the end of a turn: the next task id, and the tasks it still waits for. The extension
 * does not receive this, because it derives ids from the actions alone. The engine compares both to detect
 * non-determinism without rejecting a correct program.
 */
export type SdkTasks = { nextId: number; open: readonly SdkTask[] };

/**
 * `fireAt` in epoch ms; null for tasks other than timers, for timers of retries, which do not expose it, and for the
 * later hops of long timers, because the extension divides the rest differently into hops.
 */
export type SdkTask = {
  id: number;
  kind: "activity" | "timer" | "other";
  name: string | null;
  fireAt: number | null;
};

/**
 * Reads the tasks from an orchestrator's invocation context after the call. Returns undefined if the context is not one
 * of durable-functions 3 (`context.df.taskOrchestratorExecutor`, see TaskOrchestrationExecutor.ts). Only for diagnosis:
 * it does not influence a turn's decisions.
 */
export function readSdkTasks(context: unknown): SdkTasks | undefined {
  const executor = member(member(context, "df"), "taskOrchestratorExecutor");
  const nextId = member(executor, "sequenceNumber");
  const open = member(executor, "openTasks");
  if (typeof nextId !== "number" || typeof open !== "object" || open === null) return undefined;
  return {
    nextId,
    open: Object.entries(open).map(([id, task]) => ({ id: Number(id), ...classifyTask(task) })),
  };
}

function classifyTask(task: unknown): Omit<SdkTask, "id"> {
  const action = member(task, "action");
  const parent = member(task, "parent");
  // The timer and the next attempt of a retried task are placeholders without their own action.
  if (action === "noOp") {
    if (member(parent, "isWaitingOnTimer") === true) return { ...noDetails, kind: "timer" };
    return classifyTask(parent);
  }
  const name = member(action, "functionName");
  const fireAt = member(action, "fireAt");
  switch (member(action, "actionType")) {
    case 0:
    case 1:
      return { ...noDetails, kind: "activity", name: typeof name === "string" ? name : null };
    case 5: {
      const hops = member(parent, "longRunningTimerIntervalDuration") && member(parent, "children");
      const isLaterHop = Array.isArray(hops) && hops.length > 1;
      const isKnown = fireAt instanceof Date && !isLaterHop;
      return { ...noDetails, kind: "timer", fireAt: isKnown ? fireAt.getTime() : null };
    }
    default:
      return { ...noDetails, kind: "other" };
  }
}

const noDetails = { name: null, fireAt: null };

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}
