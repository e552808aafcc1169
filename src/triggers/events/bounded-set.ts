/** A set of the strings that were added last. */
export type BoundedSet = { has(text: string): boolean; add(text: string): void };

/** Creates a set of at most `maxSize` strings, which drops the oldest first. */
export function createBoundedSet(maxSize: number): BoundedSet {
  const texts = new Set<string>();
  return {
    has: (text) => texts.has(text),
    add(text) {
      texts.add(text);
      for (const oldest of texts) {
        if (texts.size <= maxSize) break;
        texts.delete(oldest);
      }
    },
  };
}

/** Counts how often each of the latest strings was added. */
export type BoundedCounts = { add(text: string): number };

/** Creates counts of at most `maxSize` strings, which drop the oldest first; `add` returns the new count. */
export function createBoundedCounts(maxSize: number): BoundedCounts {
  const counts = new Map<string, number>();
  return {
    add(text) {
      const count = (counts.get(text) ?? 0) + 1;
      counts.delete(text); // so that it becomes the newest
      counts.set(text, count);
      for (const oldest of counts.keys()) {
        if (counts.size <= maxSize) break;
        counts.delete(oldest);
      }
      return count;
    },
  };
}
