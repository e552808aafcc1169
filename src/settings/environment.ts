/** What the process was started with; only `settings.ts` and what it calls read it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A setting that says nothing is none. */
export function nonEmpty(text: string | undefined): string | null {
  return text === undefined || text.trim() === "" ? null : text.trim();
}
