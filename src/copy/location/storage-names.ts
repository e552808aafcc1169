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
  const problems: string[] = [];
  if (!isContainerName(top)) {
    problems.push(
      "does not name a container (3 to 63 lower-case letters, digits and single hyphens)",
    );
  }
  if (path === null) problems.push("has a blob name that is not valid percent-encoded UTF-8");
  else problems.push(...(path === "" ? ["names a container, not a blob"] : blobProblems(path)));
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
 * Problems of the path of a URL outside Storage. Its servers may decode it several times and trim spaces
 * before they interpret it, so it must not contain anything that would then lead to another path.
 */
export function externalPathProblems(pathname: string): string[] {
  const parts = pathname.split("/");
  if (parts.map(decodePercent).includes(null)) {
    return ["has a path that is not valid percent-encoded UTF-8"];
  }
  const isAmbiguous = parts
    .flatMap(decodings)
    .some((part) => /[/\\\u0000-\u001f\u007f]|^ *\.\.? *(;|$)/.test(part));
  return isAmbiguous
    ? ["has an encoded slash, a backslash, a control character or a dot segment in its path"]
    : [];
}

/** The results of decoding a part again and again until it no longer changes. */
function decodings(part: string): string[] {
  const once = decodePercent(part);
  if (once === null) return [];
  return once === part ? [once] : [once, ...decodings(once)];
}

/** Returns true if Storage would remove a dot from the end of a part of this path, unless a request prevents it. */
export function hasTrailingDot(path: string): boolean {
  return path.split("/").some((part) => part.endsWith("."));
}

/** Returns true if a part of the decoded path is "." or "..". */
export function hasDotSegment(path: string): boolean {
  return path.split("/").some((part) => part === "." || part === "..");
}

/** Returns true if the URL has a path segment of dots, as it is or percent-encoded, before a URL parser removes it. */
export function hasDotSegmentInUrl(url: string): boolean {
  // URL parsers ignore these characters, and read a backslash as a slash.
  const [path = ""] = url.replace(/[\t\n\r]|[\u0000-\u0020]+$/g, "").split(/[?#]/);
  return path.split(/[/\\]/).some((segment) => /^(\.|%2e){1,2}$/i.test(segment));
}

function decode([first = "", ...rest]: readonly string[]): { top: string; path: string | null } {
  return { top: decodePercent(first) ?? "", path: decodePercent(rest.join("/")) }; // the SDK writes "$web" as %24web
}

/** `$root`, `$web` and `$logs` are special containers of the service. */
function isContainerName(name: string): boolean {
  return /^\$(root|web|logs)$/.test(name) || isShareName(name);
}

function isShareName(name: string): boolean {
  return /^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/.test(name);
}

const maxBlobNameLength = 1_024;

function blobProblems(path: string): string[] {
  const problems: string[] = [];
  if (path.length > maxBlobNameLength)
    problems.push("has a blob name of more than 1,024 characters");
  return [...problems, ...ambiguityProblems(path, "blob")];
}

const maxFilePathLength = 2_048;
const maxPartLength = 255;
const maxPathDepth = 250;

/** DOS device names, with any extension. */
const reserved = /^(con|prn|aux|nul|clock\$|(lpt|com)[1-9])(\.|$)/i;

function fileProblems(path: string): string[] {
  const parts = path.split("/");
  const problems = ambiguityProblems(path, "file");
  if (path.length > maxFilePathLength || parts.length > maxPathDepth) {
    problems.push("has a file path of more than 2,048 characters or 250 parts");
  }
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

function ambiguityProblems(path: string, what: "blob" | "file"): string[] {
  const problems: string[] = [];
  if (/[\u0000-\u001f\u007f\ufffe\uffff]/.test(path)) {
    problems.push(`has a control character in its ${what} name`);
  }
  // "?" written as %3F is part of the name, so the SAS after it would be stored as part of the name.
  if (/(^|[?&])sig=/i.test(path))
    problems.push(`has a SAS in its ${what} name; do not encode the "?" before it`);
  // Servers on the way rewrite both, and then the name is no longer the one that was checked.
  if (path.includes("\\")) problems.push(`has a backslash in its ${what} name`);
  if (hasDotSegment(path)) problems.push(`has "." or ".." as a part of its ${what} name`);
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
