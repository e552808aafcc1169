import type { DurableClient, OrchestrationRuntimeStatus } from "durable-functions";
import type { CopyState } from "../copy/copy-state.ts";
import type { Outcome } from "../copy/outcome.ts";
import { copyInputOf } from "../copy/steps.ts";
import type { CopyInput } from "../copy/steps.ts";
import type { CopyRun } from "../http/copy-view.ts";
import { orchestrations } from "../names.ts";

/** What Durable knows of a copy; null when there is none under this id. */
export async function findRun(client: DurableClient, id: string): Promise<CopyRun | null> {
  const status = await client.getStatus(id).catch((error: unknown) => {
    // The SDK throws for an unknown instance (3.5.0, DurableClient.getStatus), with this text.
    if (error instanceof Error && error.message.includes("replied with HTTP 404")) {
      return null;
    }
    throw error;
  });
  if (status === null || status.name !== orchestrations.copy) return null;
  return {
    id,
    // Only this app's triggers start copyOrchestration, always with a CopyInput.
    copy: copyInputOf(status.input as CopyInput),
    // Set by the orchestration's report alone; null or "" before its first turn.
    state: isObject(status.customStatus) ? (status.customStatus as CopyState) : null,
    ending: endingOf(status.runtimeStatus, status.output, status.lastUpdatedTime),
  };
}

function endingOf(
  runtimeStatus: `${OrchestrationRuntimeStatus}`,
  output: unknown,
  at: Date,
): CopyRun["ending"] {
  switch (runtimeStatus) {
    case "Completed":
      // The orchestration returns nothing else.
      return { kind: "ended", outcome: output as Outcome };
    case "Failed":
    case "Terminated":
    case "Canceled":
      return { kind: "broken", at: new Date(at).toISOString() };
    default:
      return { kind: "running" };
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
