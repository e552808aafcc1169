import { StorageError } from "../http/rest-errors.ts";

/**
 * Limits in characters, and forbidden characters: REST page "Naming and referencing shares, directories,
 * files, and metadata".
 */
const maxPathLength = 2048;
const maxNameLength = 255;
const maxDepth = 250;
// oxlint-disable-next-line no-control-regex -- the pattern must match exactly these characters
const forbidden = /["\\:|<>*?\u0000-\u001f\u007f]/;

/**
 * Removes slashes at the end of the path, and dots at the end of each name unless the request has
 * `x-ms-allow-trailing-dot: true`. Throws `InvalidFileOrDirectoryPathName` for an invalid path.
 */
export function normalizePath(path: string, { allowTrailingDot }: { allowTrailingDot: boolean }) {
  const names = path
    .replace(/\/+$/, "")
    .split("/")
    .map((name) => (allowTrailingDot ? name : name.replace(/\.+$/, "")));
  const isValid = path.length <= maxPathLength && names.length <= maxDepth && names.every(isName);
  if (!isValid) throw new StorageError("InvalidFileOrDirectoryPathName");
  return names.join("/");
}

function isName(name: string): boolean {
  const isReserved = name === "." || name === "..";
  return name !== "" && name.length <= maxNameLength && !isReserved && !forbidden.test(name);
}

/**
 * The key by which paths are compared: without case, letter by letter as in Windows, where "ß" has no
 * upper case. Stored paths keep the spelling of their creation.
 */
export function pathKey(path: string): string {
  return Array.from(path, (letter) => {
    const upper = letter.toUpperCase();
    return upper.length === letter.length ? upper : letter;
  }).join("");
}

/** The path of the directory that contains a path. */
export function parentPath(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

export function parentKey(path: string): string {
  return pathKey(parentPath(path));
}

/** The last name of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
