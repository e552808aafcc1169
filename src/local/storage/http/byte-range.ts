import { StorageError } from "./rest-errors.ts";

/** The bytes from `start` (inclusive) to `end` (exclusive). */
export type ByteRange = { start: number; end: number };

/** Parses `bytes=a-` or `bytes=a-b`; undefined means the whole content. Throws `InvalidRange`. */
export function parseRange(text: string | undefined, length: number): ByteRange | undefined {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(text ?? "") ?? [];
  if (from === undefined) return undefined;
  const start = Number(from);
  const end = to === undefined || to === "" ? length : Math.min(Number(to) + 1, length);
  if (start >= length || end <= start) {
    throw new StorageError("InvalidRange", { headers: { "Content-Range": `bytes */${length}` } });
  }
  return { start, end };
}
