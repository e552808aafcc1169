/**
 * The names that Storage takes ("Naming and referencing containers, blobs, and metadata", "Naming and
 * referencing shares, directories, files, and metadata"), and those among them that can be trusted to
 * mean the same to everybody on the way. Problems are words that follow "the URL".
 */

/** What a path within an account names: its first segment, and all that follows, decoded. */
export type NamedObject = { top: string; path: string };

export type ReadName = { ok: true; name: NamedObject } | { ok: false; problems: string[] };

/** `segments`: still encoded, split at the slashes. */
export function readBlobName(segments: readonly string[]): ReadName {
  const { top, path } = decoded(segments);
  const problems: string[] = [];
  if (!isContainerName(top)) {
    problems.push("names no container (3 to 63 lower-case letters, digits and single hyphens)");
  }
  if (path === null) problems.push("has a blob name that is not valid percent-encoded UTF-8");
  else problems.push(...(path === "" ? ["names a container, not a blob"] : blobProblems(path)));
  return path !== null && problems.length === 0
    ? { ok: true, name: { top, path } }
    : { ok: false, problems };
}

export function readFileName(segments: readonly string[]): ReadName {
  const { top, path } = decoded(segments);
  const problems: string[] = [];
  if (!isShareName(top)) {
    problems.push("names no share (3 to 63 lower-case letters, digits and single hyphens)");
  }
  if (path === null) problems.push("has a file name that is not valid percent-encoded UTF-8");
  else problems.push(...(path === "" ? ["names a share, not a file"] : fileProblems(path)));
  return path !== null && problems.length === 0
    ? { ok: true, name: { top, path } }
    : { ok: false, problems };
}

/**
 * What is wrong with the path of a URL outside Storage. Its servers may decode it before they look, one
 * after the other, and trim blanks, so nothing may stand in it that would lead elsewhere then.
 */
export function externalPathProblems(pathname: string): string[] {
  const parts = pathname.split("/");
  if (parts.map(percentDecoded).includes(null)) {
    return ["has a path that is not valid percent-encoded UTF-8"];
  }
  const odd = parts
    .flatMap(readings)
    .some((part) => /[/\\\u0000-\u001f\u007f]|^ *\.\.? *(;|$)/.test(part));
  return odd ? ["hides a slash, a control character or dots that lead elsewhere in its path"] : [];
}

/** What a part may be read as, however often it is decoded. */
function readings(part: string): string[] {
  const read = percentDecoded(part);
  if (read === null) return [];
  return read === part ? [read] : [read, ...readings(read)];
}

/** Whether Storage would trim a dot off this path, were it not asked to leave names as they are. */
export function hasTrailingDot(path: string): boolean {
  return path.split("/").some((part) => part.endsWith("."));
}

function decoded([first = "", ...rest]: readonly string[]): { top: string; path: string | null } {
  return { top: percentDecoded(first) ?? "", path: percentDecoded(rest.join("/")) }; // the SDK writes "$web" as %24web
}

/** `$root`, `$web` and `$logs` are the service's own. */
function isContainerName(name: string): boolean {
  return /^\$(root|web|logs)$/.test(name) || isShareName(name);
}

function isShareName(name: string): boolean {
  return /^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/.test(name);
}

/** 1 to 1,024 characters. */
const maxBlobNameLength = 1_024;

function blobProblems(path: string): string[] {
  const problems: string[] = [];
  if (path.length > maxBlobNameLength)
    problems.push("has a blob name of more than 1,024 characters");
  return [...problems, ...oddProblems(path, "blob")];
}

/** A path of 2,048 characters, 255 a part, 250 parts deep. */
const maxFilePathLength = 2_048;
const maxPartLength = 255;
const maxPathDepth = 250;

/** Devices of DOS, under any extension. */
const reserved = /^(con|prn|aux|nul|clock\$|(lpt|com)[1-9])(\.|$)/i;

function fileProblems(path: string): string[] {
  const parts = path.split("/");
  const problems = oddProblems(path, "file");
  if (path.length > maxFilePathLength || parts.length > maxPathDepth) {
    problems.push("has a file path of more than 2,048 characters or 250 parts");
  }
  if (parts.some((part) => part.length > maxPartLength)) {
    problems.push("has a part of more than 255 characters in its file name");
  }
  // Storage strips the last slash and refuses the others.
  if (parts.includes("")) problems.push("has an empty part, or ends in a slash, in its file name");
  if (/[":|<>*?]/.test(path)) problems.push('has one of " : | < > * ? in its file name');
  if (parts.some((part) => reserved.test(part))) {
    problems.push("has the name of a device as a part of its file name");
  }
  return problems;
}

function oddProblems(path: string, what: "blob" | "file"): string[] {
  const problems: string[] = [];
  if (/[\u0000-\u001f\u007f\ufffe\uffff]/.test(path)) {
    problems.push(`has a control character in its ${what} name`);
  }
  // "?" written as %3F belongs to the name, and the SAS behind it would be kept as a part of the name.
  if (/(^|[?&])sig=/i.test(path))
    problems.push(`has a SAS in its ${what} name; write its "?" as it is`);
  // Servers on the way rewrite both, and a name rewritten is not the name that was checked.
  if (path.includes("\\")) problems.push(`has a backslash in its ${what} name`);
  if (path.split("/").some((part) => part === "." || part === "..")) {
    problems.push(`has "." or ".." as a part of its ${what} name`);
  }
  return problems;
}

/** Null where it is no valid percent-encoded UTF-8. */
export function percentDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
