import { StorageError } from "../http/rest-errors.ts";

/** Limits and forbidden characters of REST page "Naming and referencing shares, directories, files, and metadata". */
const maxPathLength = 2048;
const maxNameLength = 255;
const maxDepth = 250;
// oxlint-disable-next-line no-control-regex -- these very characters are forbidden
const forbidden = /["\\:|<>*?\u0000-\u001f\u007f]/;

/**
 * The path that a URL means: slashes at its end say nothing, and neither do dots at the end of a name
 * unless the request says `x-ms-allow-trailing-dot: true`. Throws where no file may have this path.
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
 * Names are one whatever their letters' case, though they keep the spelling of their creation. Letter by
 * letter, as Windows compares: "ß" stays what it is.
 */
export function pathKey(path: string): string {
  return Array.from(path, (letter) => {
    const upper = letter.toUpperCase();
    return upper.length === letter.length ? upper : letter;
  }).join("");
}

/** The directory that a path stands in. */
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
