import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { eventSchema } from "./event-schema.ts";
import { fileSchema } from "./file-schema.ts";

/**
 * The emulator's durable state. All functions are synchronous, so requests cannot interleave inside a
 * transaction. A committed transaction survives a killed emulator.
 */
export type Store = {
  /** Runs `work` and commits, or rolls everything back if `work` throws. */
  transaction<T>(work: () => T): T;
  one<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined;
  all<Row>(sql: string, ...values: SQLInputValue[]): Row[];
  /** Returns the id of the last inserted row. */
  run(sql: string, ...values: SQLInputValue[]): number;
  /** Unique in one store, even if the clock stands still. Without quotes. */
  nextEtag(): string;
  close(): void;
};

/**
 * `file` is a path (missing folders are created) or ":memory:". Throws if the file has a different schema version.
 * `onError` gets every error of the disk or the file, which is also thrown.
 */
export function openStore(file: string, onError: (error: unknown) => void = () => {}): Store {
  if (file !== ":memory:") mkdirSync(dirname(file), { recursive: true });
  const database = new DatabaseSync(file);
  // NORMAL in WAL mode loses nothing if the emulator is killed, only in a power failure.
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON");
  database.exec("PRAGMA recursive_triggers = ON");
  setSchema(database, file);

  const statements = new Map<string, StatementSync>();
  const statement = (sql: string) => {
    const known = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, known);
    return known;
  };
  // Prepared once, because `exec` compiles its text in each call.
  const [begin, commit] = [statement("BEGIN IMMEDIATE"), statement("COMMIT")];
  const watched = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (isFileError(error)) onError(error);
      throw error;
    }
  };
  const one = <Row>(sql: string, ...values: SQLInputValue[]) =>
    // The caller's Row follows from the schema below; node:sqlite has no typed rows.
    watched(() => statement(sql).get(...values)) as Row | undefined;

  return {
    transaction(work) {
      return watched(() => {
        begin.run();
        try {
          const result = work();
          commit.run();
          return result;
        } catch (error) {
          // After some errors, such as a full disk, SQLite has rolled back, and another ROLLBACK would hide the error.
          if (database.isTransaction) database.exec("ROLLBACK");
          throw error;
        }
      });
    },
    one,
    all: <Row>(sql: string, ...values: SQLInputValue[]) =>
      watched(() => statement(sql).all(...values)) as Row[], // as in `one`
    run: (sql, ...values) => Number(watched(() => statement(sql).run(...values)).lastInsertRowid),
    nextEtag() {
      const row = one<{ last: number }>("UPDATE etag SET last = last + 1 RETURNING last");
      return `0x${(etagBase + BigInt(row?.last ?? 0)).toString(16).toUpperCase()}`;
    },
    close: () => database.close(),
  };
}

/** SQLite's primary result codes for a disk or a file that cannot be used (sqlite.org/rescode.html). */
const fileErrors = { readOnly: 8, io: 10, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 };

/** Returns true if the error is about the disk or the file, and not about a statement or a constraint. */
export function isFileError(error: unknown): boolean {
  if (!(error instanceof Error && "errcode" in error)) return false;
  return Object.values(fileErrors).includes(Number(error.errcode) & 0xff);
}

/** The service's ETags are numbers of this size, such as 0x8DC4B5A7F3E2D10. */
const etagBase = 0x8dc000000000000n;
const schemaVersion = 8;

function setSchema(database: DatabaseSync, file: string): void {
  const row = database.prepare("PRAGMA user_version").get();
  const version = Number(row?.["user_version"]);
  if (version === schemaVersion) return;
  if (version !== 0) {
    database.close();
    throw new Error(
      `Cannot open storage emulator file "${file}" because its schema has version ${version}, not ${schemaVersion}. Delete its folder (.local/ for npm start) to start over.`,
    );
  }
  database.exec(`BEGIN; ${schema}; PRAGMA user_version = ${schemaVersion}; COMMIT`);
}

/**
 * Bytes are stored in pieces that never change. A content is a list of parts of pieces: its blocks, or
 * the ranges of a page blob, where no piece means zeros. Blobs, files and pending copies reference
 * contents, so a copy shares its source's bytes. Triggers delete contents and pieces that are no longer
 * referenced, regardless of the statement that removed the last reference.
 */
const schema = `
CREATE TABLE etag (last INTEGER NOT NULL) STRICT;
INSERT INTO etag VALUES (0);

CREATE TABLE container (
  id INTEGER PRIMARY KEY,
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  etag TEXT NOT NULL,
  modified_at INTEGER NOT NULL,
  public_access TEXT CHECK (public_access IN ('container', 'blob')),
  metadata TEXT NOT NULL,
  UNIQUE (account, name)
) STRICT;

CREATE TABLE piece (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

CREATE TABLE content (id INTEGER PRIMARY KEY, length INTEGER NOT NULL) STRICT;

CREATE TABLE block (
  content INTEGER NOT NULL REFERENCES content ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT,
  piece INTEGER REFERENCES piece,
  start INTEGER NOT NULL,
  length INTEGER NOT NULL,
  PRIMARY KEY (content, position)
) STRICT;
CREATE INDEX block_piece ON block (piece);

CREATE TABLE staged_block (
  container INTEGER NOT NULL REFERENCES container ON DELETE CASCADE,
  blob TEXT NOT NULL,
  name TEXT NOT NULL,
  position INTEGER NOT NULL,
  piece INTEGER NOT NULL REFERENCES piece,
  length INTEGER NOT NULL,
  PRIMARY KEY (container, blob, name)
) STRICT;
CREATE INDEX staged_block_piece ON staged_block (piece);

CREATE TABLE blob (
  id INTEGER PRIMARY KEY,
  container INTEGER NOT NULL REFERENCES container ON DELETE CASCADE,
  name TEXT NOT NULL,
  snapshot TEXT NOT NULL,
  former_version TEXT NOT NULL,
  version_id TEXT,
  blob_type TEXT NOT NULL CHECK (blob_type IN ('BlockBlob', 'AppendBlob', 'PageBlob')),
  etag TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  content INTEGER REFERENCES content,
  length INTEGER NOT NULL,
  content_headers TEXT NOT NULL,
  metadata TEXT NOT NULL,
  access_tier TEXT,
  tier_changed_at INTEGER,
  rehydration TEXT,
  tags TEXT NOT NULL,
  immutability TEXT NOT NULL,
  sequence_number INTEGER NOT NULL,
  is_sealed INTEGER NOT NULL,
  lease TEXT NOT NULL,
  copy TEXT,
  UNIQUE (container, name, snapshot, former_version)
) STRICT;
CREATE INDEX blob_content ON blob (content);

CREATE TABLE pending_copy (
  destination_service TEXT NOT NULL,
  destination INTEGER NOT NULL,
  source_service TEXT NOT NULL,
  source INTEGER NOT NULL,
  source_etag TEXT NOT NULL,
  reads_version INTEGER NOT NULL,
  content INTEGER REFERENCES content,
  content_md5 TEXT,
  total INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  counted_from REAL NOT NULL,
  counted_bytes REAL NOT NULL,
  bytes_per_second REAL NOT NULL,
  full_bytes_per_second REAL NOT NULL,
  publish_every INTEGER NOT NULL,
  steps TEXT,
  source_readable_until INTEGER,
  due_at REAL NOT NULL,
  PRIMARY KEY (destination_service, destination)
) STRICT;
CREATE INDEX pending_copy_due ON pending_copy (due_at);
CREATE INDEX pending_copy_source ON pending_copy (source_service, source);
CREATE INDEX pending_copy_content ON pending_copy (content);

${fileSchema}
${eventSchema}

CREATE VIEW content_reference (content) AS
  SELECT content FROM blob UNION ALL SELECT content FROM file UNION ALL SELECT content FROM pending_copy;

CREATE TRIGGER blob_deleted AFTER DELETE ON blob BEGIN
  DELETE FROM pending_copy WHERE destination_service = 'blob' AND destination = OLD.id;
  DELETE FROM content WHERE id = OLD.content
    AND NOT EXISTS (SELECT 1 FROM content_reference WHERE content = OLD.content);
END;
CREATE TRIGGER blob_content_replaced AFTER UPDATE OF content ON blob WHEN OLD.content IS NOT NEW.content BEGIN
  DELETE FROM content WHERE id = OLD.content
    AND NOT EXISTS (SELECT 1 FROM content_reference WHERE content = OLD.content);
END;
CREATE TRIGGER file_deleted AFTER DELETE ON file BEGIN
  DELETE FROM pending_copy WHERE destination_service = 'file' AND destination = OLD.id;
  DELETE FROM content WHERE id = OLD.content
    AND NOT EXISTS (SELECT 1 FROM content_reference WHERE content = OLD.content);
END;
CREATE TRIGGER file_content_replaced AFTER UPDATE OF content ON file WHEN OLD.content IS NOT NEW.content BEGIN
  DELETE FROM content WHERE id = OLD.content
    AND NOT EXISTS (SELECT 1 FROM content_reference WHERE content = OLD.content);
END;
CREATE TRIGGER pending_copy_deleted AFTER DELETE ON pending_copy BEGIN
  DELETE FROM content WHERE id = OLD.content
    AND NOT EXISTS (SELECT 1 FROM content_reference WHERE content = OLD.content);
END;
CREATE TRIGGER block_deleted AFTER DELETE ON block BEGIN
  DELETE FROM piece WHERE id = OLD.piece
    AND NOT EXISTS (SELECT 1 FROM block WHERE piece = OLD.piece)
    AND NOT EXISTS (SELECT 1 FROM staged_block WHERE piece = OLD.piece);
END;
CREATE TRIGGER staged_block_deleted AFTER DELETE ON staged_block BEGIN
  DELETE FROM piece WHERE id = OLD.piece
    AND NOT EXISTS (SELECT 1 FROM block WHERE piece = OLD.piece)
    AND NOT EXISTS (SELECT 1 FROM staged_block WHERE piece = OLD.piece);
END`;
