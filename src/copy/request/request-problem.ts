/** One problem of a request; `pointer` is a JSON pointer (RFC 6901), empty for the whole body. */
export type Problem = { pointer: string; message: string };

/** The value if it is a string, else "". Never calls `toString`, which JSON can replace; callers report the type. */
export function stringOrEmpty(value: unknown): string {
  return typeof value === "string" ? value : "";
}
