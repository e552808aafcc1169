import { second } from "../../durations.ts";
import type { HistoryEvent, StoredEvent } from "../history/history.ts";

/**
 * Builds the orchestration trigger's JSON text (OrchestrationTriggerAttributeBindingProvider.cs): the whole history of
 * the generation; the new events come last and are not marked as played. From schema V3 on the library chains long
 * timers itself, so ids agree; the extension offers V4 (3). The texts of stored events are only joined, because parsing
 * and serializing them again would cost more than the rest of the turn.
 */
export function buildTrigger(
  execution: { instanceId: string; input: string | null; stored: readonly StoredEvent[] },
  news: readonly HistoryEvent[],
): string {
  const played = execution.stored.map(({ text }) => text);
  const history = [...played, ...news.map((event) => JSON.stringify(event))].join(",");
  const rest = JSON.stringify({
    instanceId: execution.instanceId,
    isReplaying: execution.stored.length > 0,
    parentInstanceId: null,
    sourceInstanceId: null,
    upperSchemaVersion: 1,
    upperSchemaVersionNew: 3,
    longRunningTimerIntervalDuration: "3.00:00:00",
    maximumShortTimerDuration: "6.00:00:00",
    // The extension's own misspelling.
    defaultHttpAsyncRequestSleepTimeMillseconds: 30 * second,
  });
  return `{"history":[${history}],"input":${execution.input ?? "null"},${rest.slice(1)}`;
}
