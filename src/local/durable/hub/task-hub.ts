import type { CommitPoint, DurableOptions } from "../api/engine-api.ts";
import { type HubInstances, openHubInstances } from "./hub-instances.ts";
import { openHubFile } from "./hub-schema.ts";
import { type HubWork, openHubWork } from "./hub-work.ts";

/**
 * A task hub in one SQLite file: all that must survive the process. Reads may happen at any time;
 * everything is written inside `commit`, so that a process killed at any instant leaves either all
 * of a step or nothing of it.
 */
export type TaskHub = HubInstances &
  HubWork & {
    /** Runs `write` as one transaction. Throws, and writes nothing, once the hub is closed. */
    commit<T>(point: CommitPoint, write: () => T): T;
    isClosed(): boolean;
    close(): void;
  };

export function openTaskHub({ file, probe }: Pick<DurableOptions, "file" | "probe">): TaskHub {
  const database = openHubFile(file);
  let closed = false;
  const close = () => {
    if (closed) return;
    closed = true;
    database.close();
  };
  /** A probe that throws plays the process's death: from here on nothing may happen any more. */
  const reach = (point: CommitPoint, when: "before" | "after") => {
    try {
      probe?.(point, when);
    } catch (death) {
      close();
      throw death;
    }
  };

  const instances = openHubInstances(database);

  return {
    ...instances,
    ...openHubWork(database),
    commit(point, write) {
      if (closed) throw new Error(`Cannot commit as the task hub is closed: ${point}`);
      reach(point, "before");
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
      reach(point, "after");
      return written;
    },
    isClosed: () => closed,
    close,
  };
}
