import { surrogateProblem } from "../location/characters.ts";
import { hasSignature } from "../location/storage-names.ts";

/**
 * A parsed pattern for names: its parts in their order, each with the texts that are possible there. Its alternatives
 * are written out only by `expandGlob`, because they can be 64 times as long as the pattern.
 */
export type Glob = {
  parts: readonly (readonly string[])[];
  /** The characters of all alternatives together, and one more for each alternative. */
  size: number;
};

export type ParsedGlob = { ok: true; glob: Glob } | { ok: false; problem: string };

/** Limits the number of alternatives that all `{a,b}` groups of a pattern produce together. */
const maxAlternatives = 64;

/** Limits the size of a glob, and that of all globs that are matched together. Each character of a name costs as much. */
export const maxGlobSize = 4_096;

/**
 * Parses a glob. `*` matches any characters except "/", `?` one such character, and `**` any characters.
 * `**` followed by "/" at the start of a folder matches zero or more folders; `{a,b}` matches either. All
 * other characters match themselves, including a dot at the start of a name. Syntax that only other tools support
 * is rejected, because it would never match as intended. Takes time proportional to the text's length. No problem quotes
 * the text, because it may be a pasted secret.
 */
export function parseGlob(text: string): ParsedGlob {
  const rejected = (problem: string): ParsedGlob => ({ ok: false, problem });
  if (text === "") return rejected("is empty");
  if (hasSignature(text)) return rejected(`contains a SAS, and ${notAUrl}`);
  if (text.includes("://")) return rejected(`is a URL, and ${notAUrl}`);
  const damaged = surrogateProblem(text);
  if (damaged !== null) return rejected(damaged);
  const unsupported = /[[\]\\]|^!/.exec(text)?.[0];
  if (unsupported !== undefined) {
    return rejected(`has "${unsupported}", which is not supported; use *, **, ? and {a,b}`);
  }
  const parts = parseParts(text);
  const alternatives = parts?.reduce((product, { length }) => product * length, 1) ?? Infinity;
  if (parts === null || alternatives > maxAlternatives) {
    return rejected(
      `has unbalanced or nested braces, or more than ${maxAlternatives} alternatives`,
    );
  }
  const size = parts.reduce(
    (sum, texts) => sum + texts.join("").length * (alternatives / texts.length),
    alternatives,
  );
  return size <= maxGlobSize
    ? { ok: true, glob: { parts, size } }
    : rejected(`has ${tooMany(size)}`);
}

const notAUrl = "a glob is a pattern for names; remove it";

/** Says that globs of this size together are too large. */
export function tooMany(size: number): string {
  return `${size} characters with each alternative of {a,b} written out; at most ${maxGlobSize} are allowed`;
}

/** Returns the alternatives of a glob, without groups. */
export function expandGlob({ parts }: Glob): string[] {
  return parts.reduce<string[]>(
    (starts, texts) => starts.flatMap((start) => texts.map((text) => start + text)),
    [""],
  );
}

/** Returns the longest prefix of whole characters that all matching names have. */
export function literalStart(glob: Glob): string {
  const starts = expandGlob(glob).map((text) => /^[^*?]*/.exec(text)?.[0] ?? "");
  const [first = "", ...others] = starts;
  let length = first.length;
  for (const other of others) {
    while (!other.startsWith(first.slice(0, length))) length--;
  }
  // Two characters can begin with the same surrogate, and a URL cannot contain half of a character.
  return first.slice(0, length).replace(/\p{Surrogate}$/u, "");
}

/** Splits the text at its groups; null when braces are unbalanced or nested. */
function parseParts(text: string): string[][] | null {
  // Texts and groups take turns, because a separator with a group is part of the result.
  const pieces = text.split(/\{([^{}]*)\}/);
  const isText = (index: number) => index % 2 === 0;
  if (pieces.some((piece, index) => isText(index) && /[{}]/.test(piece))) return null;
  return pieces.map((piece, index) => (isText(index) ? [piece] : piece.split(",")));
}
