import { stringOrEmpty } from "./request-problem.ts";
import type { Problem } from "./request-problem.ts";

/** "Setting and retrieving properties and metadata": the total size. */
const maxMetadataBytes = 8 * 1_024;
/** Each name is sent as a header: `x-ms-meta-`, a colon, a space and a line break. */
const headerOverheadBytes = 14;

/**
 * The name of the metadata that marks a snapshot as Ferry's (rollback). It is lower case, as headers are, and a C#
 * identifier, because Storage accepts no other name.
 */
export const rollbackMarkerName = "ferryrollback";

/**
 * Parses metadata that replaces the source's, and returns all problems. It uses no schema, because every own
 * name of the object counts, even `__proto__`, which is silently dropped when an object is copied.
 */
export function parseMetadata(
  value: unknown,
  pointer: string,
  escape: (name: string) => string,
): { metadata: Record<string, string>; problems: Problem[] } {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { metadata: {}, problems: [{ pointer, message: "must be of the type object" }] };
  }
  const entries: [string, unknown][] = Object.entries(value);
  const problems = entries.flatMap(([name, text]) =>
    entryProblems(name, text).map((message) => ({
      pointer: `${pointer}/${escape(name)}`,
      message,
    })),
  );
  const names = entries.map(([name]) => name.toLowerCase());
  if (new Set(names).size < names.length) {
    problems.push({ pointer, message: "has names that differ only by letter case" });
  }
  if (entries.length === 0) {
    const message =
      "is empty, which means no metadata to Storage; leave it out to copy the source's metadata";
    problems.push({ pointer, message });
  }
  const size = entries.reduce((sum, [name, text]) => {
    return sum + name.length + stringOrEmpty(text).length + headerOverheadBytes;
  }, 0);
  if (size > maxMetadataBytes)
    problems.push({ pointer, message: "is more than 8 KiB of metadata" });
  const metadata = Object.fromEntries(entries.map(([name, text]) => [name, stringOrEmpty(text)]));
  return { metadata, problems };
}

function entryProblems(name: string, text: unknown): string[] {
  const problems: string[] = [];
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,255}$/.test(name) || name === "__proto__") {
    problems.push("has a name that is not a C# identifier of at most 256 characters");
  }
  if (name.toLowerCase() === rollbackMarkerName) {
    problems.push(
      "is the name of the metadata with which Ferry marks its snapshots; choose another",
    );
  }
  if (typeof text !== "string") problems.push("must be of the type string");
  else if (!/^(?! )[\x20-\x7e]+(?<! )$/.test(text)) {
    problems.push("has a value that is empty or cannot be sent in an HTTP header");
  }
  return problems;
}
