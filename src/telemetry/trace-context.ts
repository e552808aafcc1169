/** The position of one operation in a trace (W3C Trace Context). Ids are lower-case hexadecimal: 32 and 16 digits. */
export type TraceContext = { traceId: string; spanId: string; isSampled: boolean };

/** Version 00; a later version may append fields, each after a hyphen ("Versioning of traceparent"). */
const traceparent = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/**
 * Parses a `traceparent` (header, or extension of a CloudEvent); null if it is not a valid one. The sender may be
 * unknown, so only hexadecimal digits are taken from it.
 */
export function parseTraceparent(text: unknown): TraceContext | null {
  if (typeof text !== "string" || text.length > 512) return null;
  const [, version, traceId = "", spanId = "", flags = "", more] = traceparent.exec(text) ?? [];
  if (version === undefined || (version === "00" && more !== undefined)) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`;
}

/** The trace id of a stored traceparent; null if there is none. */
export function traceIdOf(stored: string | undefined): string | null {
  return parseTraceparent(stored)?.traceId ?? null;
}
