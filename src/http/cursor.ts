import { createHash } from "node:crypto";

/** The position at which a list continues, and a hash of its filters. Opaque to callers. */
export function writeCursor(position: string, filters: readonly (string | null)[]): string {
  return Buffer.from(`${hashOf(filters)} ${position}`).toString("base64url");
}

/** Returns the position of a cursor; "malformed", or "other-filters" if it belongs to a list with other filters. */
export function readCursor(
  cursor: string,
  filters: readonly (string | null)[],
): { kind: "position"; position: string } | { kind: "malformed" } | { kind: "other-filters" } {
  const [hash = "", position = "", ...rest] = Buffer.from(cursor, "base64url")
    .toString("latin1")
    .split(" ");
  const isWritten = Buffer.from(`${hash} ${position}`).toString("base64url") === cursor;
  if (!isWritten || rest.length > 0 || !/^[0-9a-f]{16}$/.test(hash)) return { kind: "malformed" };
  return hash === hashOf(filters) ? { kind: "position", position } : { kind: "other-filters" };
}

function hashOf(filters: readonly (string | null)[]): string {
  return createHash("sha256").update(JSON.stringify(filters)).digest("hex").slice(0, 16);
}
