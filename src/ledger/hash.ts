import { createHash } from "node:crypto";

/** SHA-256 of texts in order, hex; lengths keep ("a", "bc") and ("ab", "c") apart. */
export function hash(...parts: string[]): string {
  const whole = parts.map((part) => `${part.length}:${part}`).join("");
  return createHash("sha256").update(whole).digest("hex");
}
