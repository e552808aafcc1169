import type { HistoryEvent, StoredEvent } from "../history/history.ts";

/**
 * The orchestration trigger's JSON text (OrchestrationTriggerAttributeBindingProvider.cs): all of the
 * generation's history, the new events last and not yet marked as played. Schema V3 (2) lets the
 * library model long timers itself, so that ids agree. Stored events are text already and are only
 * joined: parsing and writing them anew would cost more than the whole rest of a turn.
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
    upperSchemaVersion: 1,
    upperSchemaVersionNew: 2,
    longRunningTimerIntervalDuration: "3.00:00:00",
    maximumShortTimerDuration: "6.00:00:00",
    // Spelt as the extension spells it.
    defaultHttpAsyncRequestSleepTimeMillseconds: 30_000,
  });
  return `{"history":[${history}],"input":${execution.input ?? "null"},${rest.slice(1)}`;
}
