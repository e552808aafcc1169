import { stringOrEmpty } from "./request-problem.ts";
import type { Problem } from "./request-problem.ts";

/** "Set Blob Tags": at most ten, names of 1 to 128 and values of 0 to 256 characters. */
const maxTags = 10;
const tagName = /^[A-Za-z0-9 +\-./:=_]{1,128}$/;
const tagValue = /^[A-Za-z0-9 +\-./:=_]{0,256}$/;
/** "Copy Blob", x-ms-tags: 2 KiB, percent-encoded. */
const maxHeaderBytes = 2_048;

/** Parses tags to set, and returns all problems. It uses no schema, for the reason given in metadata.ts. */
export function parseTags(
  value: unknown,
  pointer: string,
  escape: (name: string) => string,
): { tags: Record<string, string> | "source"; problems: Problem[] } {
  if (value === "source") return { tags: "source", problems: [] };
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const message = 'must be "source" or an object of tags';
    return { tags: {}, problems: [{ pointer, message }] };
  }
  const entries: [string, unknown][] = Object.entries(value);
  const problems = entries.flatMap(([name, text]) =>
    tagProblems(name, text).map((message) => ({ pointer: `${pointer}/${escape(name)}`, message })),
  );
  if (entries.length === 0) {
    problems.push({ pointer, message: "is empty; leave it out to set no tags" });
  }
  if (entries.length > maxTags) problems.push({ pointer, message: "has more than ten tags" });
  const tags = Object.fromEntries(entries.map(([name, text]) => [name, stringOrEmpty(text)]));
  if (problems.length === 0 && new URLSearchParams(tags).toString().length > maxHeaderBytes) {
    problems.push({ pointer, message: "is more than 2 KiB of tags when encoded" });
  }
  return { tags, problems };
}

function tagProblems(name: string, text: unknown): string[] {
  const problems: string[] = [];
  if (!tagName.test(name) || name === "__proto__") {
    problems.push("has a name that is not 1 to 128 letters, digits, spaces and + - . / : = _");
  }
  if (typeof text !== "string") problems.push("must be of the type string");
  else if (!tagValue.test(text)) {
    problems.push("has a value that is not at most 256 letters, digits, spaces and + - . / : = _");
  }
  return problems;
}
