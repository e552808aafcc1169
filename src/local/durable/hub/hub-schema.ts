import { DatabaseSync } from "node:sqlite";

/** Increased with every change of the tables. A hub with a different version is rejected. */
const schemaVersion = 2;

/**
 * Status requests read `instances`. `history` is append-only, one row per event. `messages` contains the events for all
 * instances in order of arrival. A message has an execution id if the framework binds it to an execution (completions
 * and timers), and none otherwise (raised events, terminations). `activities` and `timers` contain unfinished work.
 *
 * These three tables are the queues of the Azure Storage backend: a row is processed from `visible_at` (epoch ms) on.
 * `held` marks the rows that the process took from the queue. Such a row becomes visible again at `visible_at` if the
 * process dies.
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
    event TEXT NOT NULL,
    held INTEGER NOT NULL,
    visible_at INTEGER NOT NULL
  );
  CREATE INDEX messages_by_instance ON messages (instance_id, seq);
  CREATE INDEX messages_in_queue ON messages (visible_at) WHERE held = 0;
  CREATE TABLE activities (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    instance_id TEXT NOT NULL,
    execution_id TEXT NOT NULL,
    task_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    input TEXT,
    is_extra INTEGER NOT NULL,
    held INTEGER NOT NULL,
    visible_at INTEGER NOT NULL
  );
  CREATE INDEX activities_hidden ON activities (visible_at) WHERE held = 0 AND visible_at > 0;
  CREATE TABLE timers (
    execution_id TEXT NOT NULL,
    timer_id INTEGER NOT NULL,
    instance_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    fire_at INTEGER NOT NULL,
    visible_at INTEGER NOT NULL,
    PRIMARY KEY (execution_id, timer_id)
  ) WITHOUT ROWID;
  CREATE INDEX timers_by_time ON timers (visible_at);
  PRAGMA user_version = ${schemaVersion};
`;

/**
 * Opens a task hub's file and creates its tables if it is new. Throws if another schema version wrote the file. With a
 * write-ahead log and NORMAL synchronization every commit survives a kill of the process. A power failure can lose the
 * last commits, but never leaves half a commit (sqlite.org/pragma.html, "synchronous"). The log is checkpointed at
 * 16 MB rather than 4, because a turn writes about a dozen pages and only a checkpoint waits for the disk.
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
      `Cannot open task hub "${file}" because another version of Ferry wrote it: schema ${version}, expected ${schemaVersion}. Complete its copies with that version, or delete its folder to start over`,
    );
  }
  return database;
}
