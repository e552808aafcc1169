import { StorageError } from "./rest-errors.ts";

/** `start` included, `end` not. */
export type ByteRange = { start: number; end: number };

/** Undefined for all of it. Only `bytes=a-` and `bytes=a-b`. */
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
