import { createHash } from "node:crypto";

/**
 * Returns the SHA-256 of the strings in order, in hex. Lengths are included, so that ("a", "bc") and ("ab", "c")
 * differ.
 */
export function hash(...parts: string[]): string {
  const joined = parts.map((part) => `${part.length}:${part}`).join("");
  return createHash("sha256").update(joined).digest("hex");
}
