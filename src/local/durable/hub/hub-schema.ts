import { DatabaseSync } from "node:sqlite";

/** Raised whenever the tables change; a hub of another version is refused, not guessed at. */
const schemaVersion = 1;

/**
 * `instances` is what status requests read. `history` is only ever appended to, one row an event.
 * `messages` is every instance's inbox: events in order of arrival, bound to an execution where the
 * framework binds them (completions and timers), unbound where it does not (raised events,
 * terminations). `activities` and `timers` are work that is still to do; a delayed activity carries
 * the instant from which it may run.
 */
const schema = `
  CREATE TABLE instances (
    instance_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    execution_id TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    input TEXT,
    output TEXT,
    custom_status TEXT
  );
  CREATE TABLE history (
    execution_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (execution_id, seq)
  ) WITHOUT ROWID;
  CREATE TABLE messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    instance_id TEXT NOT NULL,
    execution_id TEXT,
    event TEXT NOT NULL
  );
  CREATE INDEX messages_by_instance ON messages (instance_id, seq);
  CREATE TABLE activities (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    instance_id TEXT NOT NULL,
    execution_id TEXT NOT NULL,
    task_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    input TEXT,
    not_before INTEGER NOT NULL,
    is_extra INTEGER NOT NULL
  );
  CREATE INDEX activities_delayed ON activities (not_before) WHERE not_before > 0;
  CREATE TABLE timers (
    execution_id TEXT NOT NULL,
    timer_id INTEGER NOT NULL,
    instance_id TEXT NOT NULL,
    fire_at INTEGER NOT NULL,
    PRIMARY KEY (execution_id, timer_id)
  ) WITHOUT ROWID;
  CREATE INDEX timers_by_time ON timers (fire_at);
  PRAGMA user_version = ${schemaVersion};
`;

/**
 * Opens a task hub's file and makes its tables if it is new. A write-ahead log with NORMAL
 * synchronisation keeps every commit when the process is killed; only a loss of power may take the
 * last ones, and never leaves half a commit (sqlite.org/pragma.html, "synchronous"). The log is moved
 * into the file at 16 MB rather than 4: a turn writes a dozen pages, and only moving waits for the disk.
 */
export function openHubFile(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA wal_autocheckpoint = 4000; -- pages of 4 KiB
  `);
  const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
  if (version === 0) {
    database.exec(`BEGIN; ${schema} COMMIT;`);
  } else if (version !== schemaVersion) {
    database.close();
    throw new Error(
      `Cannot open task hub "${file}" as another version of Ferry wrote it: schema ${version}, expected ${schemaVersion}. Finish its copies with that version, or delete the file`,
    );
  }
  return database;
}
