/** One thing wrong with a request; `pointer` is a JSON pointer (RFC 6901), empty for the whole body. */
export type Problem = { pointer: string; message: string };

/** A value that is not a string is reported as such; its own `toString` may be anything that JSON can hold. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
