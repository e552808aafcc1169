import type { StoredEvent } from "./history.ts";

/**
 * Caches histories in memory, so that a long one is not read and parsed again at every turn. The file stays the source
 * of truth. The least recently used histories are evicted first.
 */
export type HistoryCache = {
  get(executionId: string): readonly StoredEvent[] | undefined;
  set(executionId: string, history: readonly StoredEvent[]): void;
  delete(executionId: string): void;
  clear(): void;
};

/** About 25 MB of events and their texts. */
const maxEvents = 50_000;

export function createHistoryCache(): HistoryCache {
  const cached = new Map<string, readonly StoredEvent[]>();
  let events = 0;
  const forget = (executionId: string) => {
    events -= cached.get(executionId)?.length ?? 0;
    cached.delete(executionId);
  };
  return {
    get(executionId) {
      const history = cached.get(executionId);
      if (history === undefined) return undefined;
      // A map keeps insertion order, so the least recently used entry comes first.
      cached.delete(executionId);
      cached.set(executionId, history);
      return history;
    },
    set(executionId, history) {
      forget(executionId);
      cached.set(executionId, history);
      events += history.length;
      for (const oldest of cached.keys()) {
        if (events <= maxEvents) return;
        forget(oldest);
      }
    },
    delete: forget,
    clear() {
      cached.clear();
      events = 0;
    },
  };
}
