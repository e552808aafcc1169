import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test, vi } from "vitest";
import { openTaskHub } from "../../../src/local/durable/hub/task-hub.ts";
import { explainStateError, StateError } from "../../../src/local/state/state-error.ts";
import { openStore } from "../../../src/local/storage/store/store.ts";
import { testHubFile, testStart } from "../../support/host/durable-app.ts";

/*
 * Goal: an error of the disk is neither hidden by the rollback after it nor ignored. Method: SQLite's own limit on a
 * file's pages, which fails as a full disk does.
 */

/** Opens a database with `open`, and limits its file to `more` further pages. */
function limited<T>(open: () => T): { opened: T; limit(more: number): void } {
  const exec = vi.spyOn(DatabaseSync.prototype, "exec");
  onTestFinished(() => exec.mockRestore());
  const opened = open();
  const database = exec.mock.contexts.at(-1);
  if (!(database instanceof DatabaseSync)) throw new Error("No database was opened");
  return {
    opened,
    limit(more) {
      const pages = Number(database.prepare("PRAGMA page_count").get()?.["page_count"]);
      database.exec(`PRAGMA max_page_count = ${pages + more}`);
    },
  };
}

const large = "x".repeat(20_000);

function openLimitedHub() {
  const errors: unknown[] = [];
  const options = {
    file: testHubFile(),
    clock: { now: () => testStart },
    onFileError: (error: unknown) => errors.push(error),
  };
  return { ...limited(() => openTaskHub(options)), errors, options };
}

const instance = (instanceId: string) => ({
  instanceId,
  name: "copy",
  executionId: instanceId,
  status: "Running" as const,
  createdAt: 0,
  updatedAt: 0,
  input: large,
  output: null,
  customStatus: null,
});

test("a task hub on a full disk reports that, keeps its commits, and does nothing more", () => {
  const { opened: hub, limit, errors, options } = openLimitedHub();
  hub.commit("turn", () => hub.saveInstance(instance("kept")));
  limit(3);
  const commit = () => hub.commit("turn", () => hub.saveInstance(instance("lost")));
  expect(commit).toThrow("database or disk is full");
  expect(errors.map(String)).toEqual(["Error: database or disk is full"]);
  expect(hub.isClosed()).toBe(true);
  expect(commit).toThrow("the task hub is closed");
  expect(errors).toHaveLength(1);
  const again = openTaskHub(options);
  expect(again.instance("kept")?.input).toBe(large);
  expect(again.instance("lost")).toBeUndefined();
  again.close();
});

test("a task hub also reports a full disk outside a commit", () => {
  const { opened: hub, limit, errors } = openLimitedHub();
  limit(0);
  expect(() => hub.saveInstance(instance("lost"))).toThrow("database or disk is full");
  expect(errors).toHaveLength(1);
  expect(hub.isClosed()).toBe(true);
});

test("a task hub that a program error rolls back stays open and reports nothing", () => {
  const { opened: hub, errors } = openLimitedHub();
  const failing = () =>
    hub.commit("turn", () => {
      hub.saveInstance(instance("lost"));
      throw new Error("half-way");
    });
  expect(failing).toThrow("half-way");
  expect(errors).toEqual([]);
  expect(hub.instance("lost")).toBeUndefined();
  hub.close();
});

test("a store on a full disk reports that, rolls back, and works again when there is space", () => {
  const errors: unknown[] = [];
  const { opened: store, limit } = limited(() =>
    openStore(testHubFile(), (error) => errors.push(error)),
  );
  const insert = (bytes: string) =>
    store.run("INSERT INTO piece (bytes) VALUES (?)", Buffer.from(bytes));
  const count = () => store.one<{ n: number }>("SELECT count(*) AS n FROM piece")?.n;
  store.transaction(() => insert("kept"));
  limit(3);
  const write = () =>
    store.transaction(() => {
      insert("first");
      insert(large);
    });
  expect(write).toThrow("database or disk is full");
  expect(errors.map(String)).toContain("Error: database or disk is full");
  expect(count()).toBe(1);
  expect(() => insert(large)).toThrow("database or disk is full");
  limit(100);
  write();
  expect(count()).toBe(3);
  store.close();
});

test("a store does not report a violated constraint", () => {
  const errors: unknown[] = [];
  const store = openStore(":memory:", (error) => errors.push(error));
  const insert = () => store.run("INSERT INTO piece (id, bytes) VALUES (1, ?)", Buffer.from("x"));
  expect(() =>
    store.transaction(() => {
      insert();
      insert();
    }),
  ).toThrow(/UNIQUE/);
  expect(errors).toEqual([]);
  expect(store.one<{ n: number }>("SELECT count(*) AS n FROM piece")?.n).toBe(0);
  store.close();
});

const sqlite = (errcode: number) =>
  Object.assign(new Error("as SQLite says"), { code: "ERR_SQLITE_ERROR", errcode });
const system = (code: string) => Object.assign(new Error("as the system says"), { code });

test.each([
  [sqlite(13), /^Cannot write "a\/b" because the disk is full\. Free some space, /],
  [system("ENOSPC"), /because the disk is full\. Free some space, /],
  [system("EDQUOT"), /because the disk is full\. Free some space, /],
  [sqlite(10), /because the system reported an error .*as SQLite says.* Check the disk, /],
  [sqlite(778), /because the system reported an error .* Check the disk, /],
  [sqlite(4874), /because the system reported an error .* Check the disk, /],
  [system("EIO"), /because the system reported an error .* Check the disk, /],
  [system("EFBIG"), /because the system reported an error .* Check the disk, /],
  [sqlite(8), /because it or its folder is read-only .* Make both writable/],
  [sqlite(1032), /because it or its folder is read-only .* Make both writable/],
  [system("EROFS"), /because it or its folder is read-only .* Make both writable/],
  [system("EACCES"), /because it or its folder is read-only .* Make both writable/],
  [system("EPERM"), /because it or its folder is read-only .* Make both writable/],
  [sqlite(14), /^Cannot open "a\/b" because it is not a file, .* Check both/],
  [system("EISDIR"), /^Cannot open "a\/b" because it is not a file, .* Check both/],
  [sqlite(11), /^Cannot use "a\/b" because it is damaged .* delete the folder "a" to start over/],
  [sqlite(267), /^Cannot use "a\/b" because it is damaged .* delete the folder "a" to start over/],
  [sqlite(26), /^Cannot use "a\/b" because it is damaged .* delete the folder "a" to start over/],
])("%s of a file is explained, with a fix", (error, says) => {
  const explained = explainStateError(error, "a/b");
  expect(explained).toBeInstanceOf(StateError);
  expect(explained?.message).toMatch(says);
});

test.each([sqlite(19), sqlite(1), system("EADDRINUSE"), new Error("other"), "text", null])(
  "%s is not explained as an error of a file",
  (error) => expect(explainStateError(error, "a/b")).toBeNull(),
);
