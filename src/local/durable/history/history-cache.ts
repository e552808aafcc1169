import type { StoredEvent } from "./history.ts";

/**
 * Histories in memory, so that a long one is not read and parsed again at every turn; the file
 * remains the truth. The least recently used go first.
 */
export type HistoryCache = {
  get(executionId: string): readonly StoredEvent[] | undefined;
  set(executionId: string, history: readonly StoredEvent[]): void;
  delete(executionId: string): void;
  clear(): void;
};

/** Some 25 MB of events and their texts. */
const maxEvents = 50_000;

export function createHistoryCache(): HistoryCache {
  const kept = new Map<string, readonly StoredEvent[]>();
  let events = 0;
  const forget = (executionId: string) => {
    events -= kept.get(executionId)?.length ?? 0;
    kept.delete(executionId);
  };
  return {
    get(executionId) {
      const history = kept.get(executionId);
      if (history === undefined) return undefined;
      // A map keeps the order of insertion: the oldest use stays in front.
      kept.delete(executionId);
      kept.set(executionId, history);
      return history;
    },
    set(executionId, history) {
      forget(executionId);
      kept.set(executionId, history);
      events += history.length;
      for (const oldest of kept.keys()) {
        if (events <= maxEvents) return;
        forget(oldest);
      }
    },
    delete: forget,
    clear() {
      kept.clear();
      events = 0;
    },
  };
}
