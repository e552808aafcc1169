/** A set of the texts that were added last. */
export type BoundedSet = { has(text: string): boolean; add(text: string): void };

/** Creates a set of at most `maxSize` texts, which drops the oldest first. */
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
