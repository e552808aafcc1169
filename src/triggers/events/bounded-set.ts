import { createHash } from "node:crypto";

/** A set of the most recently added strings. */
export type BoundedSet = { has(text: string): boolean; add(text: string): void };

/**
 * Creates a set of at most `maxSize` strings, which drops the oldest first. It keeps only a hash of each string, because the
 * senders of events choose how long the strings are.
 */
export function createBoundedSet(maxSize: number): BoundedSet {
  const hashes = new Set<string>();
  return {
    has: (text) => hashes.has(hashOf(text)),
    add(text) {
      hashes.add(hashOf(text));
      for (const oldest of hashes) {
        if (hashes.size <= maxSize) break;
        hashes.delete(oldest);
      }
    },
  };
}

/** Counts how often each of the latest strings was added. */
export type BoundedCounts = { add(text: string): number };

/**
 * Creates counts of at most `maxSize` strings, which drop the oldest first; `add` returns the new count. They keep only a
 * hash of each text.
 */
export function createBoundedCounts(maxSize: number): BoundedCounts {
  const counts = new Map<string, number>();
  return {
    add(text) {
      const hash = hashOf(text);
      const count = (counts.get(hash) ?? 0) + 1;
      counts.delete(hash); // so that it becomes the newest
      counts.set(hash, count);
      for (const oldest of counts.keys()) {
        if (counts.size <= maxSize) break;
        counts.delete(oldest);
      }
      return count;
    },
  };
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}
