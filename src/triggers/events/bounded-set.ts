/** Remembers the last few texts that it was shown. */
export type BoundedSet = { has(text: string): boolean; add(text: string): void };

/** At most `most` texts; the oldest are forgotten first. */
export function boundedSet(most: number): BoundedSet {
  const texts = new Set<string>();
  return {
    has: (text) => texts.has(text),
    add(text) {
      texts.add(text);
      for (const oldest of texts) {
        if (texts.size <= most) break;
        texts.delete(oldest);
      }
    },
  };
}
