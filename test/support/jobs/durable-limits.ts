/** The largest values that the orchestrations of a job had. */
export type HistorySizes = {
  /** The events of one history. */
  events: number;
  customStatusBytes: number;
  /** An input, an output, a message, or an event of a history. */
  messageBytes: number;
};

/** A job's own limit of events (`src/jobs/README.md`), and the sizes that Durable accepts or sends without a blob. */
export const durableLimits: HistorySizes = {
  events: 999,
  customStatusBytes: 16 * 1_024,
  /** The extension puts a longer message into a blob. */
  messageBytes: 45 * 1_024,
};

/** Durable counts sizes in UTF-16. */
export const utf16Bytes = (text: string): number => Buffer.byteLength(text, "utf16le");

/** Returns one sentence for each limit that the sizes exceed. */
export function listExceeded(sizes: HistorySizes): string[] {
  return [
    ["A history has", sizes.events, "events", durableLimits.events],
    ["A custom status has", sizes.customStatusBytes, "bytes", durableLimits.customStatusBytes],
    ["A message has", sizes.messageBytes, "bytes", durableLimits.messageBytes],
  ].flatMap(([subject, size, unit, max]) =>
    Number(size) > Number(max)
      ? [`${subject} ${size} ${unit}, but at most ${max} are allowed`]
      : [],
  );
}
