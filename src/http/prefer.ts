/** The maximum time in seconds for which a request is held. */
export const maxWaitSeconds = 20;

/** Longer headers are ignored, as a server may do with every preference (RFC 7240, 2). */
const maxLength = 1_000;

/**
 * Reads `wait` of the header Prefer (RFC 7240, 4.3), in seconds; values above 20 count as 20. Null if it is missing, 0
 * or malformed: a preference that is not understood is ignored (RFC 7240, 2).
 */
export function readWait(prefer: string | null): number | null {
  if (prefer === null || prefer.length > maxLength) return null;
  // A quoted value may contain commas and semicolons. An unterminated one extends to the end of the header, because
  // trying again from every quote would take quadratic time. The first of several preferences counts.
  for (const preference of prefer.match(/(?:"(?:[^"\\]|\\.)*"?|[^",])+/g) ?? []) {
    const [name = "", value = ""] = (preference.split(";")[0] ?? "").split("=");
    if (name.trim().toLowerCase() !== "wait") continue;
    const [, seconds] = /^"?(\d{1,9})"?$/.exec(value.trim()) ?? [];
    return seconds === undefined || Number(seconds) === 0
      ? null
      : Math.min(maxWaitSeconds, Number(seconds));
  }
  return null;
}
