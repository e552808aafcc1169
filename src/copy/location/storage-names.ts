import { characterName, listCharacters } from "./characters.ts";

/**
 * Names that Storage accepts ("Naming and referencing containers, blobs, and metadata", "Naming and
 * referencing shares, directories, files, and metadata"), without those that proxies and servers on the
 * way may interpret differently. Each problem completes a sentence that starts with "the URL".
 */

/** The parts of a path within an account: its first segment, and the rest, decoded. */
export type ObjectName = { top: string; path: string };

export type ParsedName = { ok: true; name: ObjectName } | { ok: false; problems: string[] };

/** Parses a container and a blob name. `segments` are still encoded, split at the slashes. */
export function parseBlobName(segments: readonly string[]): ParsedName {
  const { top, path } = decode(segments);
  if (segments.length === 1 && top !== "") return { ok: false, problems: [rootBlobProblem(top)] };
  const problems: string[] = [];
  if (!isContainerName(top)) {
    problems.push(
      "does not name a container (3 to 63 lower-case letters, digits and single hyphens)",
    );
  }
  if (path === null) problems.push("has a blob name that is not valid percent-encoded UTF-8");
  else problems.push(...(path === "" ? ["names a container, not a blob"] : blobProblems(path)));
  problems.push(...rootNameProblems(top, path ?? ""));
  return path !== null && problems.length === 0
    ? { ok: true, name: { top, path } }
    : { ok: false, problems };
}

/** Parses a share and a file path. `segments` are still encoded, split at the slashes. */
export function parseFileName(segments: readonly string[]): ParsedName {
  const { top, path } = decode(segments);
  const problems: string[] = [];
  if (!isShareName(top)) {
    problems.push("does not name a share (3 to 63 lower-case letters, digits and single hyphens)");
  }
  if (path === null) problems.push("has a file name that is not valid percent-encoded UTF-8");
  else problems.push(...(path === "" ? ["names a share, not a file"] : fileProblems(path)));
  return path !== null && problems.length === 0
    ? { ok: true, name: { top, path } }
    : { ok: false, problems };
}

/**
 * Returns true if a part of this path ends in a dot. The File service removes the dot unless a request prevents it; the
 * Blob service always removes it from the end of a name, and "Naming and referencing containers, blobs, and metadata"
 * forbids it at the end of every part.
 */
export function hasTrailingDot(path: string): boolean {
  return path.split("/").some((part) => part.endsWith("."));
}

/** Returns true if a part of the decoded path is "." or "..". */
export function hasDotSegment(path: string): boolean {
  return path.split("/").some(isDotSegment);
}

/** Returns true if the path would have a dot segment after any number of decodings by servers on the way. */
export function hasDotSegmentWhenDecoded(path: string): boolean {
  return partsOf(decodeFully(path)).some(isDotSegment);
}

function isDotSegment(part: string): boolean {
  return part === "." || part === "..";
}

function partsOf(decoded: string): string[] {
  return decoded.split(/[/\\]/);
}

/**
 * Decodes percent-encoded bytes until the text has none. Only ASCII matters, so each byte becomes the character with
 * its code. Decoding removes no dot, slash, backslash or separator of parameters, so the last reading contains all of
 * those in the earlier readings. Takes linear time, because each decoding shortens the text and only the end of the
 * decoded text can become another percent-encoded byte.
 */
function decodeFully(text: string): string {
  if (!/%[0-9a-f]{2}/i.test(text)) return text;
  const decoded: string[] = [];
  for (const character of text) {
    decoded.push(character);
    for (let byte = byteAtEnd(decoded); byte !== null; byte = byteAtEnd(decoded)) {
      decoded.length -= 3;
      decoded.push(byte);
    }
  }
  return decoded.join("");
}

/** The character of the percent-encoded byte at the end; null if there is none. */
function byteAtEnd(decoded: readonly string[]): string | null {
  if (decoded.at(-3) !== "%") return null;
  const [high, low] = [hexDigit(decoded.at(-2)), hexDigit(decoded.at(-1))];
  return high < 0 || low < 0 ? null : String.fromCharCode(16 * high + low);
}

/** The value of a hexadecimal digit; -1 for any other character. */
function hexDigit(character = ""): number {
  return character === "" ? -1 : "0123456789abcdef".indexOf(character.toLowerCase());
}

function decode([first = "", ...rest]: readonly string[]): { top: string; path: string | null } {
  return { top: decodePercent(first) ?? "", path: decodePercent(rest.join("/")) }; // the SDK writes "$web" as %24web
}

/** `$root`, `$web` and `$logs` are special containers of the service. */
export function isContainerName(name: string): boolean {
  return /^\$(root|web|logs)$/.test(name) || isShareName(name);
}

export function isShareName(name: string): boolean {
  return /^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/.test(name);
}

/**
 * The problem of a path without a slash. Storage would look for the blob in the root container ("Working with the root
 * container"). The full form cannot be mistaken for a container.
 */
function rootBlobProblem(name: string): string {
  const encoded = encodeURIComponent(name);
  // Anything else may be a pasted secret.
  const isPlain = encoded.length <= 63 && /^[\p{L}\p{N} ._-]+$/u.test(name);
  const written = isPlain ? `/$root/${encoded}` : "/$root/ before the blob's name";
  const what = isContainerName(name) ? "names a container, not a blob" : "names no container";
  return `${what}; for a blob in the root container, write ${written}`;
}

/** "Working with the root container": the names of its blobs have no slash. */
export function rootNameProblems(container: string, path: string): string[] {
  return container === "$root" && path.includes("/")
    ? ["has a slash in its blob name, and no blob in the root container ($root) has one"]
    : [];
}

/** The names with and without the dot identify the same blob, which would then have two locks. */
export const trailingDotProblem =
  'has a "." at the end of a part of its blob name, which Storage removes; use a name without it';

const maxBlobNameLength = 1_024;

/** Problems of a blob's decoded name that no encoding can fix. */
export function blobNameProblems(path: string): string[] {
  // A longer name is rejected because of its length, so the work for a name is bounded.
  if (path.length > maxBlobNameLength) return ["has a blob name of more than 1,024 characters"];
  return ambiguityProblems(path, "blob");
}

function blobProblems(path: string): string[] {
  return [...blobNameProblems(path), ...misplacedSasProblems(path, "blob")];
}

const maxFilePathLength = 2_048;
const maxPartLength = 255;
const maxPathDepth = 250;

/** DOS device names, with any extension. */
const reserved = /^(con|prn|aux|nul|clock\$|(lpt|com)[1-9])(\.|$)/i;

function fileProblems(path: string): string[] {
  return [...fileNameProblems(path), ...misplacedSasProblems(path, "file")];
}

/** Problems of a file's decoded path that no encoding can fix. */
export function fileNameProblems(path: string): string[] {
  const parts = path.split("/");
  if (path.length > maxFilePathLength || parts.length > maxPathDepth) {
    return ["has a file path of more than 2,048 characters or 250 parts"];
  }
  const problems = ambiguityProblems(path, "file");
  if (parts.some((part) => part.length > maxPartLength)) {
    problems.push("has a part of more than 255 characters in its file name");
  }
  // Storage removes a slash at the end and rejects other empty parts.
  if (parts.includes("")) {
    problems.push("has an empty part, or a slash at the end, in its file name");
  }
  if (/[":|<>*?]/.test(path)) problems.push('has one of " : | < > * ? in its file name');
  if (parts.some((part) => reserved.test(part))) {
    problems.push("has a reserved device name in its file name");
  }
  return problems;
}

/** "?" written as %3F is part of the name, so the SAS after it would be stored as part of the name. */
function misplacedSasProblems(path: string, what: "blob" | "file"): string[] {
  return hasSignature(path)
    ? [`has a SAS in its ${what} name; do not encode the "?" before it`]
    : [];
}

/**
 * Returns true if the path, or the prefix of a URL, has the parameter "sig" after any number of decodings. Every
 * character that is rare in names separates parameters here: a SAS may have been pasted with ";" or a full-width "?".
 */
export function hasSignature(path: string): boolean {
  if (path.length > maxFilePathLength) return false; // callers reject it
  return /(^|[^\p{L}\p{N}._-])sig\s*=/iu.test(decodeFully(path));
}

function ambiguityProblems(path: string, what: "blob" | "file"): string[] {
  // Unpaired surrogates have no UTF-8 encoding.
  const found = path.match(/[\u0000-\u001f\u007f\ufffe\uffff]|\p{Surrogate}/gu);
  const problems = listCharacters(
    found,
    (character) => `has the character ${characterName(character)} in its ${what} name`,
  );
  // Servers on the way rewrite both, so Storage would get a name other than the one that was checked.
  if (path.includes("\\")) problems.push(`has ${characterName("\\")} in its ${what} name`);
  const decoded = partsOf(decodeFully(path));
  if (hasDotSegment(path)) problems.push(`has "." or ".." as a part of its ${what} name`);
  else if (decoded.some(isDotSegment)) {
    problems.push(`has a part in its ${what} name that becomes "." or ".." when it is decoded`);
  } else if (what === "blob" && decoded.some((part) => part.endsWith("."))) {
    problems.push(trailingDotProblem);
  }
  return problems;
}

/** Decodes percent-encoding; null when it is not valid percent-encoded UTF-8. */
export function decodePercent(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
