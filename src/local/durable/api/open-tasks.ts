/**
 * What the Durable library holds at the end of a turn: the next task id, and the tasks it still
 * waits for. The extension never sees this (it re-derives ids from the actions alone); comparing the
 * two is how this engine notices drift without suspecting a correct program.
 */
export type SdkTasks = { nextId: number; open: readonly SdkTask[] };

/** `fireAt` in epoch ms; null for what is no timer, and for timers of retries, which show none. */
export type SdkTask = {
  id: number;
  kind: "activity" | "timer" | "other";
  name: string | null;
  fireAt: number | null;
};

/**
 * Reads the tasks from an orchestrator's invocation context after the call; undefined where the
 * context is not one of durable-functions 3 (`context.df.taskOrchestratorExecutor`, see
 * TaskOrchestrationExecutor.ts). For diagnosis only: nothing here changes how a turn is decided.
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
  // The timer and the next attempt of a retried task are placeholders without an action of their own.
  if (action === "noOp") {
    if (member(parent, "isWaitingOnTimer") === true) return { ...nameless, kind: "timer" };
    return classifyTask(parent);
  }
  const name = member(action, "functionName");
  const fireAt = member(action, "fireAt");
  switch (member(action, "actionType")) {
    case 0:
    case 1:
      return { ...nameless, kind: "activity", name: typeof name === "string" ? name : null };
    case 5:
      return { ...nameless, kind: "timer", fireAt: fireAt instanceof Date ? +fireAt : null };
    default:
      return { ...nameless, kind: "other" };
  }
}

const nameless = { name: null, fireAt: null };

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}
