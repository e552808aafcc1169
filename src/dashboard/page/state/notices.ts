import { formatCount, formatWord } from "../text/format.ts";
import { plainFileName } from "../text/urls.ts";
import type { Row } from "./rows.ts";

/** A message to the reader, about a copy that it can show. */
export type Notice = { text: string; tone: "plain" | "bad"; copyId: string | null };

/** Returns the message about copies that have just ended; null if there are none. */
export function noticeOfEnded(ended: readonly Row[]): Notice | null {
  const [first] = ended;
  if (first === undefined) return null;
  const failed = ended.filter(({ item }) => item.status === "failed");
  const tone = failed.length === 0 ? "plain" : "bad";
  if (ended.length > 1) {
    const text = `${formatCount(ended.length)} ended, ${failed.length} of them failed`;
    return { text, tone, copyId: null };
  }
  const { id, status, destination, cause } = first.item;
  const why = cause === null ? "" : `: ${formatWord(cause)}`;
  const verb = status === "skipped" || status === "aborted" ? `was ${status}` : status;
  return { text: `${plainFileName(destination)} ${verb}${why}`, tone, copyId: id };
}
