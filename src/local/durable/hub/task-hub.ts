import type { Clock } from "../../clock.ts";
import type { CommitPoint, DurableOptions, VisibilityTimeouts } from "../api/engine-api.ts";
import { type HubInstances, openHubInstances } from "./hub-instances.ts";
import { openHubFile } from "./hub-schema.ts";
import { defaultVisibilityTimeouts, type HubWork, openHubWork } from "./hub-work.ts";

/**
 * A task hub in one SQLite file, with all state that must survive the process. Reads can happen at any time. Every
 * write happens inside `commit`, so a process that is killed leaves either a whole step or none of it.
 */
export type TaskHub = HubInstances &
  HubWork & {
    /** Runs `write` as one transaction and returns its result. Throws if the hub is closed. */
    commit<T>(point: CommitPoint, write: () => T): T;
    isClosed(): boolean;
    close(): void;
  };

export type TaskHubOptions = Pick<DurableOptions, "file" | "probe"> & {
  clock: Pick<Clock, "now">;
  visibilityTimeouts?: VisibilityTimeouts | undefined;
};

export function openTaskHub(options: TaskHubOptions): TaskHub {
  const { file, clock, probe } = options;
  const database = openHubFile(file);
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

  return {
    ...instances,
    ...openHubWork(database, clock, options.visibilityTimeouts ?? defaultVisibilityTimeouts),
    commit(point, write) {
      if (closed) throw new Error(`Cannot commit because the task hub is closed: ${point}`);
      callProbe(point, "before");
      database.exec("BEGIN IMMEDIATE");
      let written;
      try {
        written = write();
        database.exec("COMMIT");
      } catch (error) {
        database.exec("ROLLBACK");
        instances.clearCache();
        throw error;
      }
      callProbe(point, "after");
      return written;
    },
    isClosed: () => closed,
    close,
  };
}
