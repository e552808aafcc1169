import type { Clock } from "../../clock.ts";
import type { CommitPoint, DurableOptions, VisibilityTimeouts } from "../api/engine-api.ts";
import { type HubInstances, openHubInstances } from "./hub-instances.ts";
import { openHubFile } from "./hub-schema.ts";
import { defaultVisibilityTimeouts, type HubWork, openHubWork } from "./hub-work.ts";

/**
 * A task hub in one SQLite file, with all state that must survive the process. Reads can happen at any time. Every
 * write happens inside `commit`, so a killed process leaves either a complete step or none of its writes.
 */
export type TaskHub = HubInstances &
  HubWork & {
    /** Runs `write` as one transaction and returns its result. Throws if the hub is closed. */
    commit<T>(point: CommitPoint, write: () => T): T;
    isClosed(): boolean;
    close(): void;
  };

export type TaskHubOptions = Pick<DurableOptions, "file" | "probe" | "onFileError"> & {
  clock: Pick<Clock, "now">;
  visibilityTimeouts?: VisibilityTimeouts | undefined;
};

/** After an error of the disk or the file, the hub reports it, closes itself, and the engine does nothing more. */
export function openTaskHub(options: TaskHubOptions): TaskHub {
  const { file, clock, probe, onFileError = () => {} } = options;
  const database = openHubFile(file);
  // Prepared once, because `exec` compiles its text in each call.
  const [begin, end] = [database.prepare("BEGIN IMMEDIATE"), database.prepare("COMMIT")];
  let closed = false;
  const close = () => {
    if (closed) return;
    closed = true;
    database.close();
  };
  /** A probe that throws simulates the death of the process: the hub is closed. */
  const callProbe = (point: CommitPoint, when: "before" | "after") => {
    try {
      probe?.(point, when);
    } catch (error) {
      close();
      throw error;
    }
  };

  const instances = openHubInstances(database);
  const work = openHubWork(
    database,
    clock,
    options.visibilityTimeouts ?? defaultVisibilityTimeouts,
  );
  const onError = (error: unknown) => {
    if (closed || !isFileError(error)) return;
    close();
    onFileError(error);
  };

  return {
    ...watchAll(instances, onError),
    ...watchAll(work, onError),
    commit(point, write) {
      if (closed) throw new Error(`Cannot commit because the task hub is closed: ${point}`);
      callProbe(point, "before");
      begin.run();
      let written;
      try {
        written = write();
        end.run();
      } catch (error) {
        // After some errors, such as a full disk, SQLite has rolled back, and another ROLLBACK would hide the error.
        if (!closed && database.isTransaction) database.exec("ROLLBACK");
        instances.clearCache();
        onError(error);
        throw error;
      }
      callProbe(point, "after");
      return written;
    },
    isClosed: () => closed,
    close,
  };
}

/** SQLite's primary result codes for a disk or a file that cannot be used (sqlite.org/rescode.html). */
const fileErrors = { readOnly: 8, io: 10, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 };

function isFileError(error: unknown): boolean {
  if (!(error instanceof Error && "errcode" in error)) return false;
  return Object.values(fileErrors).includes(Number(error.errcode) & 0xff);
}

/** Returns the same methods; `onError` gets the errors that they throw. */
function watchAll<T extends object>(methods: T, onError: (error: unknown) => void): T {
  const watch =
    (method: (...args: unknown[]) => unknown) =>
    (...args: unknown[]) => {
      try {
        return method(...args);
      } catch (error) {
        onError(error);
        throw error;
      }
    };
  const watched = Object.entries(methods).map(([name, method]) => [name, watch(method)]);
  return Object.fromEntries(watched) as T; // the same names, and functions of the same types
}
