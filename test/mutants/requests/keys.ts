import type { Mutant } from "../mutant.ts";

const seal = "test/unit/secrets/seal.test.ts";
const missingKey = "test/contract/activities/missing-key.test.ts";
const damagedState = "test/e2e/recovery/damaged-state.test.ts";
const fullDiskFiles = "test/unit/local/full-disk.test.ts";
const fullDisk = "test/e2e/recovery/full-disk.test.ts";

/** Mistakes in the handling of missing keys, and of the local state on disk. */
export const keyMutants: readonly Mutant[] = [
  {
    breaks: "missing key: every read opens the source's SAS",
    file: "src/activities/support/read-status.ts",
    find: 'read.value?.copy?.status === "failed" ? sourceSas(sides) : null',
    replace: "sourceSas(sides)",
    suites: [missingKey],
  },
  {
    breaks: "missing key: a failed copy is not read without the source's key",
    file: "src/activities/support/read-status.ts",
    find: "if (error instanceof UnsealError) return null;",
    replace: "if (!(error instanceof UnsealError)) return null;",
    suites: [missingKey],
  },
  {
    breaks: "missing key: settle opens a SAS that it does not use",
    file: "src/activities/settle.ts",
    find: 'if (left.kind === "cleaned" && !usesDestination(input, record)) return left;',
    replace: 'if (left.kind === "cleaned" && usesDestination(input, record)) return left;',
    suites: [missingKey],
  },
  {
    breaks: "missing key: settle gives up at the first attempt",
    file: "src/activities/settle.ts",
    find: "if (!isLastAttempt || !(error instanceof UnsealError)) throw error;",
    replace:
      'if (typeof isLastAttempt !== "boolean" || !(error instanceof UnsealError)) throw error;',
    suites: [missingKey],
  },
  {
    breaks: "missing key: settle never gives up with the residue",
    file: "src/activities/settle.ts",
    find: "if (!isLastAttempt || !(error instanceof UnsealError)) throw error;",
    replace: "if (isLastAttempt || !(error instanceof UnsealError)) throw error;",
    suites: [missingKey],
  },
  {
    breaks: "missing key: the error does not name the key",
    file: "src/secrets/seal.ts",
    find: "if (key === undefined) throw new UnsealError(place, id);",
    replace: "if (key === undefined) throw new UnsealError(place, null);",
    suites: [seal],
  },
  {
    breaks: "missing key: the error quotes any text as a key's id",
    file: "src/secrets/seal.ts",
    find: 'if (version !== "v1" || !keyIdForm.test(id))',
    replace: 'if (version !== "v1" || keyIdForm.test("no id"))',
    suites: [seal],
  },
  {
    breaks: "local state: a lost hub is replaced by an empty one",
    file: "src/local/state/state-folder.ts",
    find: 'if (storage.kind !== "missing" || hasKey) throw lost(hub);',
    replace: 'if (storage.kind === "empty") throw lost(hub);',
    suites: [damagedState],
  },
  {
    breaks: "local state: an emptied storage is used as a new one",
    file: "src/local/state/state-folder.ts",
    find: "if (isMarked || hasKey || hasInstances(hub.file)) throw lost(storage);",
    replace: 'if (storage.kind === "missing" && (isMarked || hasKey)) throw lost(storage);',
    suites: [damagedState],
  },
  {
    breaks: "local state: databases of different folders are used together",
    file: "src/local/state/state-folder.ts",
    find: "if (isMarked && hub.identity !== storage.identity) {",
    replace: "if (isMarked && storage.identity === 0) {",
    suites: [damagedState],
  },
  {
    breaks: "local state: a new key replaces a lost one",
    file: "src/local/state/state-folder.ts",
    find: "if (!hasKey && !hasOwnKeys && !mayCreateKey) throw keyLost(keyFile, keySetting);",
    replace:
      'if (!hasKey && !hasOwnKeys && !mayCreateKey) createKey(keyFile); if (keyFile === "") throw keyLost(keyFile, keySetting);',
    suites: [damagedState],
  },
  {
    breaks: "local state: a database with damaged pages is used",
    file: "src/local/state/state-folder.ts",
    find: 'if (check !== "ok") {',
    replace: 'if (check === "") {',
    suites: [damagedState],
  },
  {
    breaks: "local state: a write-ahead log that lost commits is used",
    file: "src/local/state/state-folder.ts",
    find: "if (!explained(file, () => isLogComplete(file))) {",
    replace: "if (!explained(file, () => isLogComplete(`${file}-`))) {",
    suites: [damagedState],
  },
  {
    breaks: "local state: changed bytes in a write-ahead log are not detected",
    file: "src/local/state/write-ahead-log.ts",
    find: "if (!isSum(sum, view, at + 16) ||",
    replace: "if (",
    suites: [damagedState],
  },
  {
    breaks: "local state: the store's rollback hides a full disk",
    file: "src/local/storage/store/store.ts",
    find: 'if (database.isTransaction) database.exec("ROLLBACK");',
    replace: 'database.exec("ROLLBACK");',
    suites: [fullDiskFiles],
  },
  {
    breaks: "local state: the hub's rollback hides a full disk",
    file: "src/local/durable/hub/task-hub.ts",
    find: 'if (!closed && database.isTransaction) database.exec("ROLLBACK");',
    replace: 'database.exec("ROLLBACK");',
    suites: [fullDiskFiles],
  },
  {
    breaks: "local state: the hub continues on a full disk",
    file: "src/local/durable/hub/task-hub.ts",
    find: "    close();\n    onFileError(error);",
    replace: "    onFileError(error);",
    suites: [fullDiskFiles],
  },
  {
    breaks: "local state: a full disk is an internal error of Storage",
    file: "src/local/storage/emulator.ts",
    find: 'throw isFileError(error) ? new StorageError("ServerBusy") : error;',
    replace: 'throw isFileError(error) ? new StorageError("InternalError") : error;',
    suites: [fullDisk],
  },
  {
    breaks: "local state: npm start continues after its state is lost",
    file: "src/local/local-stack.ts",
    find: "    options.onStateLost?.();\n",
    replace: "",
    suites: [fullDisk],
  },
];
