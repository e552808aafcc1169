import { readFileSync } from "node:fs";
import { join } from "node:path";
import { eventTypes } from "../../../src/local/durable/history/history.ts";
import type { HistoryEvent } from "../../../src/local/durable/history/history.ts";
import type { Recording } from "../../replay/recording.ts";
import type { Stack } from "./stack.ts";

/**
 * The history of a completed instance as the extension passed it to the orchestrator. The trigger of the last turn
 * contains everything except the result of that turn, the completion, which is added from the instance's status.
 */
export async function recordedHistory(
  stack: Stack,
  { folder, scenario, instanceId }: { folder: string; scenario: string; instanceId: string },
): Promise<Recording> {
  const status = await stack.until(
    `instance ${instanceId} is completed`,
    async () => {
      const { json } = await stack.manage("GET", `instances/${encodeURIComponent(instanceId)}`);
      return json?.runtimeStatus === "Completed" ? json : null;
    },
    30_000,
  );
  const file = join(folder, `${encodeURIComponent(instanceId)}.json`);
  const { history } = JSON.parse(readFileSync(file, "utf8")) as { history: HistoryEvent[] };
  const started = history.find((event) => event.EventType === eventTypes.ExecutionStarted);
  if (started === undefined || started.EventType !== eventTypes.ExecutionStarted) {
    throw new Error(`Cannot record ${scenario} because its history has no start: ${file}`);
  }
  const output = JSON.stringify(status.output);
  const at = { EventId: -1, IsPlayed: false, Timestamp: history.at(-1)?.Timestamp ?? "" };
  return {
    scenario,
    instanceId,
    executionId: started.OrchestrationInstance.ExecutionId,
    name: started.Name,
    createdAt: Date.parse(started.Timestamp),
    input: started.Input ?? "null",
    output,
    events: [
      ...history,
      {
        ...at,
        EventType: eventTypes.ExecutionCompleted,
        OrchestrationStatus: completedStatus,
        Result: output,
        FailureDetails: null,
      },
      { ...at, EventType: eventTypes.OrchestratorCompleted },
    ],
  };
}

/** OrchestrationStatus.Completed of the Durable Task Framework. */
const completedStatus = 1;
