import type { Tags } from "../store/blob-rows.ts";
import { StorageError } from "../http/rest-errors.ts";

/**
 * Returns true if tags meet a condition of `x-ms-if-tags`: `"Project" = 'x' AND "Rank" >= '3'`. AND precedes OR,
 * values are compared as text, and a comparison with a missing tag is false (REST page
 * "Specifying conditional headers for Blob Storage operations", tags conditional operations).
 */
export function evaluateTagCondition(condition: string, tags: Tags): boolean {
  const tokens = parseTokens(condition);
  return split(tokens, "OR").some((part) =>
    split(part, "AND").every((comparison) => holds(comparison, tags)),
  );
}

type Token =
  | { kind: "key"; text: string }
  | { kind: "value"; text: string }
  | { kind: "operator"; text: string }
  | { kind: "word"; text: "AND" | "OR" };

/** A double quote inside a key and a single quote inside a value are doubled. */
const token =
  /\s*(?:"(?<key>(?:[^"]|"")+)"|'(?<value>(?:[^']|'')*)'|(?<operator><>|<=|>=|=|<|>)|(?<word>AND|OR)\b|(?<bare>[A-Za-z_]\w*))/iy;

function parseTokens(condition: string): Token[] {
  const tokens: Token[] = [];
  token.lastIndex = 0;
  for (const text = condition.trimEnd(); token.lastIndex < text.length;) {
    const groups = token.exec(text)?.groups;
    if (groups === undefined) throw invalidCondition(condition);
    const { key, value, operator, word, bare } = groups;
    if (key !== undefined) tokens.push({ kind: "key", text: key.replaceAll('""', '"') });
    else if (bare !== undefined) tokens.push({ kind: "key", text: bare });
    else if (value !== undefined) tokens.push({ kind: "value", text: value.replaceAll("''", "'") });
    else if (operator !== undefined) tokens.push({ kind: "operator", text: operator });
    else tokens.push({ kind: "word", text: word?.toUpperCase() === "OR" ? "OR" : "AND" });
  }
  for (const part of split(tokens, "OR").flatMap((part) => split(part, "AND"))) {
    const kinds = part.map(({ kind }) => kind).join(" ");
    if (kinds !== "key operator value") throw invalidCondition(condition);
  }
  return tokens;
}

function split(tokens: readonly Token[], word: "AND" | "OR"): Token[][] {
  const parts: Token[][] = [[]];
  for (const token of tokens) {
    if (token.kind === "word" && token.text === word) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

function holds([key, operator, value]: readonly Token[], tags: Tags): boolean {
  const actual = tags[key?.text ?? ""];
  const expected = value?.text ?? "";
  if (actual === undefined) return false;
  switch (operator?.text) {
    case "=":
      return actual === expected;
    case "<>":
      return actual !== expected;
    case "<":
      return actual < expected;
    case "<=":
      return actual <= expected;
    case ">":
      return actual > expected;
    default:
      return actual >= expected;
  }
}

function invalidCondition(condition: string): StorageError {
  return new StorageError("InvalidHeaderValue", {
    details: { HeaderName: "x-ms-if-tags", HeaderValue: condition },
  });
}
