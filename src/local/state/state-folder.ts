import { randomBytes, randomInt } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openHubFile } from "../durable/hub/hub-schema.ts";
import { openStore } from "../storage/store/store.ts";
import { explainStateError, startOver, StateError } from "./state-error.ts";
import { isLogComplete } from "./write-ahead-log.ts";

/** The folder in which a local stack keeps its state, reserved for this process. */
export type StateFolder = {
  storageFile: string;
  hubFile: string;
  /** The key that seals each SAS (32 bytes, base64); null if the settings have keys. */
  secretKey: string | null;
  release(): void;
};

/** The app's setting with its own keys, which replace the folder's. */
export type KeySetting = { name: string; isSet: boolean };

/**
 * Opens the folder and creates its files at the first start. Throws `StateError`, and changes nothing, if a file is
 * missing, empty, damaged or part of another state: a stack that continued without it would lose acknowledged writes.
 *
 * The two databases share an identity (SQLite's application_id). The first start creates hub, storage and key in this
 * order, and gives the hub its identity last. A hub that has one therefore belongs to a complete state; one that has
 * none was left by a start that died before it served anything.
 */
export function openStateFolder(directory: string, keySetting: KeySetting): StateFolder {
  const hasOwnKeys = keySetting.isSet;
  const release = lockFolder(directory);
  const hubFile = join(directory, "task-hub.sqlite");
  const storageFile = join(directory, "storage.sqlite");
  const keyFile = join(directory, "copy-secret-key");
  try {
    const hub = examine(hubFile);
    const storage = examine(storageFile);
    const hasKey = existsSync(keyFile);
    const isComplete = checkHalves({ hub, storage, hasKey });
    if (!isComplete) explained(hubFile, () => openHubFile(hubFile).close());
    const mayCreateKey = !isComplete && !hasInstances(hubFile);
    if (!hasKey && !hasOwnKeys && !mayCreateKey) throw keyLost(keyFile, keySetting);
    if (hasKey && !hasOwnKeys) readKey(keyFile);
    if (!isComplete) {
      explained(storageFile, () => openStore(storageFile).close());
      const identity = storage.identity === 0 ? randomInt(1, 2 ** 31) : storage.identity;
      if (storage.identity === 0) explained(storageFile, () => setIdentity(storageFile, identity));
      if (!hasKey && !hasOwnKeys) explained(keyFile, () => createKey(keyFile));
      explained(hubFile, () => setIdentity(hubFile, identity));
    }
    return { storageFile, hubFile, secretKey: hasOwnKeys ? null : readKey(keyFile), release };
  } catch (error) {
    release();
    throw error;
  }
}

/** Only the owner may list, read or write a folder with this mode. */
const ownerOnly = 0o700;

/**
 * Reserves the folder for this process, because two hosts on one task hub would run each other's work. Returns a
 * function that releases it. The lock is SQLite's own, so it is also released when the process is killed.
 */
function lockFolder(directory: string): () => void {
  const file = join(directory, "lock");
  let lock: DatabaseSync | null = null;
  try {
    explained(directory, () => {
      mkdirSync(directory, { recursive: true, mode: ownerOnly });
      // The folder contains keys and all content, and an earlier release may have created it with another mode.
      if ((statSync(directory).mode & 0o077) !== 0) chmodSync(directory, ownerOnly);
    });
    lock = new DatabaseSync(file);
    lock.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;");
    return () => lock?.close();
  } catch (error) {
    lock?.close();
    const text = error instanceof Error ? error.message : String(error);
    if (/locked/.test(text)) {
      const message = `Cannot keep state in "${directory}" because another Ferry process uses it. Stop that process first`;
      throw new StateError(message, { cause: error });
    }
    if (/not a database/.test(text)) {
      const message = `Cannot use "${file}" because it is damaged. Delete this file, which has no content, then start again`;
      throw new StateError(message, { cause: error });
    }
    throw explainStateError(error, file) ?? error;
  }
}

/** `identity` is 0 for a file that has none. */
type Examined = { file: string; kind: "missing" | "empty" | "database"; identity: number };

/** Reads a database without changing it. Throws if it is damaged. */
function examine(file: string): Examined {
  const stats = explained(file, () => statSync(file, { throwIfNoEntry: false }));
  if (stats === undefined) return { file, kind: "missing", identity: 0 };
  if (!stats.isFile()) {
    throw new StateError(`Cannot use "${file}" because it is not a file. ${startOver(file)}`);
  }
  if (stats.size === 0) return { file, kind: "empty", identity: 0 };
  if (!explained(file, () => isLogComplete(file))) {
    throw new StateError(
      `Cannot use "${file}-wal" because it is damaged: commits are missing that "${file}-shm" counts. ${startOver(`${file}-wal`)}. To continue without those commits, delete "${file}-shm"`,
    );
  }
  return explained(file, () => {
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      const check = database.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
      if (check !== "ok") {
        const details = String(check).split("\n").at(-1);
        throw new StateError(
          `Cannot use "${file}" because it is damaged (${details}). ${startOver(file)}`,
        );
      }
      const isEmpty = readNumber(database, "user_version") === 0;
      const identity = readNumber(database, "application_id");
      return { file, kind: isEmpty ? "empty" : "database", identity };
    } finally {
      database.close();
    }
  });
}

/** Returns true if the state is complete, false if a first start must create or complete it. Throws if a part is lost. */
function checkHalves({
  hub,
  storage,
  hasKey,
}: {
  hub: Examined;
  storage: Examined;
  hasKey: boolean;
}): boolean {
  if (hub.kind !== "database") {
    if (storage.kind !== "missing" || hasKey) throw lost(hub);
    return false;
  }
  const isMarked = hub.identity !== 0;
  if (storage.kind !== "database") {
    if (isMarked || hasKey || hasInstances(hub.file)) throw lost(storage);
    return false;
  }
  if (isMarked && hub.identity !== storage.identity) {
    throw new StateError(
      `Cannot use "${storage.file}" because it does not belong to "${hub.file}". ${startOver(storage.file)}`,
    );
  }
  return isMarked;
}

function lost({ file, kind }: Examined): StateError {
  const message = `Cannot start because "${file}" is ${kind}, but the rest of its state exists. ${startOver(file)}`;
  return new StateError(message);
}

/**
 * Returns true if the hub has an orchestration. A hub with a different schema is left to `openHubFile`, which rejects
 * it.
 */
function hasInstances(file: string): boolean {
  return explained(file, () => {
    const database = openHubFile(file);
    try {
      return database.prepare("SELECT 1 FROM instances LIMIT 1").get() !== undefined;
    } finally {
      database.close();
    }
  });
}

function setIdentity(file: string, identity: number): void {
  const database = new DatabaseSync(file);
  try {
    database.exec(`PRAGMA application_id = ${identity}`);
  } finally {
    database.close();
  }
}

function readNumber(database: DatabaseSync, pragma: string): number {
  return Number(database.prepare(`PRAGMA ${pragma}`).get()?.[pragma]);
}

/** Written in one step: a start that dies here leaves either no key or a complete one. */
function createKey(file: string): void {
  writeFileSync(`${file}.new`, randomBytes(32).toString("base64"), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function readKey(file: string): string {
  const key = explained(file, () => readFileSync(file, "utf8").trim());
  if (Buffer.from(key, "base64").length === 32) return key;
  throw new StateError(
    `Cannot use the key in "${file}" because it is damaged: it must be 32 bytes in base64. ${startOver(file)}`,
  );
}

function keyLost(file: string, { name }: KeySetting): StateError {
  return new StateError(
    `Cannot start because "${file}" is missing: its key sealed the secrets in this state. Restore the file, set ${name} to the keys that were used, or delete the folder "${join(file, "..")}" to start over`,
  );
}

/** Runs `work`; an error of the disk or of the file becomes a sentence that names the file. */
function explained<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explainStateError(error, file) ?? error;
  }
}
