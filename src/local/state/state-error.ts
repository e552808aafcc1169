import { dirname } from "node:path";

/** The state on disk cannot be used. The message is one sentence that names the file, and one that says what to do. */
export class StateError extends Error {
  override name = "StateError" as const;
}

/** SQLite's primary result codes (sqlite.org/rescode.html) for a disk or a file that cannot be used. */
const reasons: Readonly<Record<number, Reason>> = {
  8: "read-only",
  10: "refused",
  11: "damaged",
  13: "full",
  14: "unopened",
  26: "damaged",
};

/** The same for the system's errors. */
const systemReasons: Readonly<Record<string, Reason>> = {
  ENOSPC: "full",
  EDQUOT: "full",
  EFBIG: "refused",
  EIO: "refused",
  EACCES: "read-only",
  EPERM: "read-only",
  EROFS: "read-only",
  EISDIR: "unopened",
  ENOTDIR: "unopened",
  EEXIST: "unopened",
};

type Reason = "read-only" | "refused" | "damaged" | "full" | "unopened";

/**
 * Explains why `file` cannot be read or written. Returns null for an error that says nothing about the disk or the
 * file.
 */
export function explainStateError(error: unknown, file: string): StateError | null {
  if (error instanceof StateError) return error;
  if (!(error instanceof Error) || !("code" in error)) return null;
  const reason =
    error.code === "ERR_SQLITE_ERROR" && "errcode" in error
      ? reasons[Number(error.errcode) & 0xff] // the low byte of an extended code is the primary one
      : systemReasons[String(error.code)];
  return reason === undefined
    ? null
    : new StateError(describe(reason, file, error.message), { cause: error });
}

function describe(reason: Reason, file: string, details: string): string {
  switch (reason) {
    case "full":
      return `Cannot write "${file}" because the disk is full. Free some space, then start again: nothing that was acknowledged is lost`;
    case "refused":
      return `Cannot write "${file}" because the system reported an error (${details}): the disk may be full, over a quota or failing. Check the disk, then start again: nothing that was acknowledged is lost`;
    case "read-only":
      return `Cannot write "${file}" because it or its folder is read-only (${details}). Make both writable for this user, then start again`;
    case "unopened":
      return `Cannot open "${file}" because it is not a file, or its folder is read-only (${details}). Check both, then start again`;
    case "damaged":
      return `Cannot use "${file}" because it is damaged (${details}). ${startOver(file)}`;
  }
}

/** The fix for a lost file. */
export function startOver(file: string): string {
  return `Restore a copy of it that belongs to the other files, or delete the folder "${dirname(file)}" to start over`;
}
