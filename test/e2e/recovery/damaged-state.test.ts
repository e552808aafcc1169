import { createHash } from "node:crypto";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { virtualClock, type VirtualClock } from "../../../src/local/clock.ts";
import { startLocalStack } from "../../../src/local/local-stack.ts";
import type { HostLogEntry } from "../../../src/local/log.ts";
import { noon, openStack, secondAccount } from "../../support/stack/test-stack.ts";
import { appDirectory } from "../../support/app-directory.ts";

/*
 * Goal: a damaged, emptied or missing file of the state is rejected with one sentence that names it and one that says
 * what to do; nothing is replaced. Method: a killed process and a stopped one each leave a folder with eight
 * acknowledged copies with a SAS; each row damages a duplicate of one folder and starts the stack on it.
 */

type Left = "killed" | "stopped";
const templates = new Map<Left, string>();
const ports = { blob: 0, file: 0 };
let ids: string[] = [];

const folders: string[] = [];
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ferry-damage-"));
  folders.push(folder);
  return folder;
}

beforeAll(async () => {
  const stack = await openStack({ persistent: true, copies: { bytesPerSecond: 1_000 } });
  const source = await stack.upload("inbox/film", Buffer.alloc(50_000, "film"), secondAccount);
  const url = await stack.readSas(source);
  const copies = [];
  for (let n = 0; n < 8; n++) {
    if (n === 4) checkpoint(stack.stateDirectory ?? "");
    copies.push(
      await stack.start({ source: url, destination: stack.blob(`archive/film${n}`).url }),
    );
  }
  ids = copies.map(({ id }) => id);
  await stack.clock.advance(2_000);
  const { emulator } = stack.local;
  Object.assign(ports, { blob: emulator.port, file: emulator.filePort });
  const keep = (left: Left) => {
    const folder = newFolder();
    cpSync(stack.stateDirectory ?? "", folder, { recursive: true });
    templates.set(left, folder);
  };
  keep("killed"); // nothing writes while the clock stands still
  await stack.local.close();
  keep("stopped");
  await stack.close();
});

let current: VirtualClock | undefined;
afterEach(() => {
  current?.dispose();
  current = undefined;
});

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Later commits are in the logs alone, earlier ones in the databases alone. */
function checkpoint(folder: string): void {
  for (const name of databases) {
    const database = new DatabaseSync(join(folder, name));
    database.exec("PRAGMA wal_checkpoint(PASSIVE)");
    database.close();
  }
}

function copyOf(left: Left): string {
  const folder = newFolder();
  cpSync(templates.get(left) ?? "", folder, { recursive: true });
  return folder;
}

/** Starts a stack on the folder; closed after the test. */
async function start(stateDirectory: string, { settings = {}, ...freely } = {}) {
  current?.dispose(); // one per process
  const clock = virtualClock(noon + 3_000);
  current = clock;
  const log: HostLogEntry[] = [];
  const stack = await startLocalStack({
    appDirectory,
    stateDirectory,
    clock,
    functionsPort: 0,
    blobPort: ports.blob,
    filePort: ports.file,
    log: (entry) => log.push(entry),
    copies: { bytesPerSecond: 1_000 },
    settings,
    ...freely,
  });
  onTestFinished(() => stack.close());
  const get = async (id: string) => {
    const response = await fetch(`${stack.host.url}/api/copies/${id}`);
    return (await response.json()) as { status: string };
  };
  return { stack, clock, log, get };
}

const refusal = (folder: string) =>
  start(folder).then(
    () => "started",
    (error: unknown) => {
      if (!(error instanceof Error)) return "no error";
      expect(error.name).toBe("StateError");
      return error.message.replaceAll(`${folder}/`, "").replaceAll(folder, ".local");
    },
  );

/** Hashes of the files. A reader of a database rebuilds the index of its log, and creates an empty log. */
function contentOf(folder: string): Map<string, string> {
  const names = readdirSync(folder).filter((name) => !/^lock|-shm$/.test(name));
  return new Map(
    names
      .map((name) => join(folder, name))
      .filter(
        (path) => statSync(path).isFile() && (statSync(path).size > 0 || !path.endsWith("-wal")),
      )
      .map((path) => [path, createHash("sha256").update(readFileSync(path)).digest("hex")]),
  );
}

function overwrite(file: string, from: number, length: number): void {
  const bytes = readFileSync(file);
  bytes.fill(0xff, from, from + length);
  writeFileSync(file, bytes);
}

const middle = (file: string) => Math.floor(statSync(file).size / 2);
const halve = (file: string) => truncateSync(file, middle(file));
const remove = (file: string) => rmSync(file, { recursive: true });
const empty = (file: string) => truncateSync(file, 0);
const putFolder = (file: string) => {
  remove(file);
  mkdirSync(file);
};
/** The end of the last commit in a log; after it come frames of former commits. */
const logEnd = (file: string) =>
  32 + readFileSync(file.replace(/wal$/, "shm")).readUInt32LE(16) * (24 + 4_096);
const flipBit = (file: string, at: number) => {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
};
const swap = (file: string, other: string) => {
  const folder = copyOf("stopped");
  cpSync(join(folder, other), file);
};

const putBack =
  'Restore a copy of it that belongs to the other files, or delete the folder ".local" to start over';

const databases = ["storage.sqlite", "task-hub.sqlite"] as const;

describe.each(databases)("%s", (name) => {
  test.each<[string, Left, (file: string) => void, RegExp]>([
    [
      "with a damaged header",
      "stopped",
      (file) => overwrite(file, 0, 100),
      /damaged \(file is not/,
    ],
    ["cut to half", "stopped", halve, /damaged \(/],
    ["cut to 100 bytes", "stopped", (file) => truncateSync(file, 100), /damaged \(/],
    [
      "with 64 KiB of 0xff",
      "stopped",
      (file) => overwrite(file, middle(file), 65_536),
      /damaged \(/,
    ],
    ["with one page of 0xff", "stopped", (file) => overwrite(file, 8_192, 4_096), /damaged \(/],
    ["emptied", "killed", empty, /is empty, but the rest of its state exists/],
    ["emptied", "stopped", empty, /is empty, but the rest of its state exists/],
    ["missing", "killed", remove, /is missing, but the rest of its state exists/],
    ["missing", "stopped", remove, /is missing, but the rest of its state exists/],
    ["replaced by a folder", "stopped", putFolder, /is not a file/],
    ["of text", "stopped", (file) => writeFileSync(file, "hello".repeat(99)), /damaged \(file is/],
  ])(
    "%s, after the process was %s, is rejected with an error that names it, and left unchanged",
    async (_, left, damage, says) => {
      const folder = copyOf(left);
      damage(join(folder, name));
      const before = contentOf(folder);
      const message = await refusal(folder);
      expect(message).toMatch(new RegExp(`^Cannot (use|start because) "${name}" `));
      expect(message).toMatch(says);
      expect(message).toContain(putBack);
      expect(contentOf(folder)).toEqual(before);
      // The folder is no longer locked, and a second start reports the same.
      expect(await refusal(folder)).toBe(message);
    },
  );

  test.each<[string, (file: string) => void]>([
    ["cut by 30 %", (file) => truncateSync(file, Math.floor(logEnd(file) * 0.7))],
    ["cut by one byte", (file) => truncateSync(file, logEnd(file) - 1)],
    ["with a changed bit", (file) => flipBit(file, logEnd(file) - 1)],
    ["emptied", empty],
    ["missing", remove],
    ["with a damaged header", (file) => overwrite(file, 0, 32)],
  ])("the log, %s, is rejected because commits are lost", async (_, damage) => {
    const folder = copyOf("killed");
    damage(join(folder, `${name}-wal`));
    const before = contentOf(folder);
    const message = await refusal(folder);
    expect(message).toBe(
      `Cannot use "${name}-wal" because it is damaged: commits are missing that "${name}-shm" counts. ${putBack}. To continue without those commits, delete "${name}-shm"`,
    );
    expect(contentOf(folder)).toEqual(before);
  });

  test("a damaged page whose content the log still contains loses nothing", async () => {
    const folder = copyOf("killed");
    const file = join(folder, name);
    const log = readFileSync(`${file}-wal`);
    const page = log.readUInt32BE(32);
    overwrite(file, (page - 1) * 4_096, 4_096);
    const { get } = await start(folder);
    for (const id of ids) expect(await get(id)).toMatchObject({ status: "copying" });
  });

  test.each<[string, (file: string) => void]>([
    ["missing", remove],
    ["emptied", empty],
    ["of other bytes", (file) => overwrite(file, 0, 200)],
  ])("the log's index, %s, is rebuilt", async (_, damage) => {
    const folder = copyOf("killed");
    damage(join(folder, `${name}-shm`));
    const { get } = await start(folder);
    for (const id of ids) expect(await get(id)).toMatchObject({ status: "copying" });
  });
});

test("a task hub of another folder is rejected", async () => {
  const folder = copyOf("stopped");
  const other = await openStack({ persistent: true });
  await other.local.close();
  cpSync(join(other.stateDirectory ?? "", "task-hub.sqlite"), join(folder, "task-hub.sqlite"));
  await other.close();
  expect(await refusal(folder)).toBe(
    `Cannot use "storage.sqlite" because it does not belong to "task-hub.sqlite". ${putBack}`,
  );
});

test("each database in place of the other one is rejected", async () => {
  for (const [name, other] of [databases, databases.toReversed()]) {
    const folder = copyOf("stopped");
    swap(join(folder, name ?? ""), other ?? "");
    expect(await start(folder).catch(String)).toMatch(/Cannot open .*(version|another)/);
  }
});

test.each<[string, (file: string) => void, RegExp]>([
  ["cut", halve, /^Cannot use the key in "copy-secret-key" because it is damaged/],
  ["emptied", empty, /^Cannot use the key in "copy-secret-key" because it is damaged/],
  ["of text", (file) => writeFileSync(file, "no key"), /^Cannot use the key in "copy-secret-key"/],
  ["replaced by a folder", putFolder, /^Cannot open "copy-secret-key" because it is not a file/],
  ["missing", remove, /^Cannot start because "copy-secret-key" is missing: its key sealed/],
])(
  "a key that is %s is rejected with an error that names it, and no new one is created",
  async (_, damage, says) => {
    const folder = copyOf("stopped");
    damage(join(folder, "copy-secret-key"));
    const before = contentOf(folder);
    const message = await refusal(folder);
    expect(message).toMatch(says);
    expect(message).toMatch(
      /delete the folder "\.local" to start over|then start again|Check both/,
    );
    expect(contentOf(folder)).toEqual(before);
  },
);

test("a lost key does no harm if the settings contain it", async () => {
  const folder = copyOf("killed");
  const file = join(folder, "copy-secret-key");
  const settings = { COPY_SECRET_KEYS: readFileSync(file, "utf8") };
  remove(file);
  const { get, clock } = await start(folder, { settings });
  await clock.advance(120_000);
  for (const id of ids) expect(await get(id)).toMatchObject({ status: "succeeded" });
});

test.each<[string, (file: string) => void, boolean]>([
  ["garbage", (file) => writeFileSync(file, "{garbage"), true],
  ["emptied", empty, true],
  ["JSON with a different shape", (file) => writeFileSync(file, '[1,{"next":"x"}]'), true],
  ["missing", remove, false],
  ["whole", () => {}, false],
])(
  "timer times that are %s are written again, and all copies succeed",
  async (_, damage, warns) => {
    const folder = copyOf("killed");
    damage(join(folder, "task-hub.sqlite.timers.json"));
    const { get, clock, log } = await start(folder);
    await clock.advance(120_000);
    for (const id of ids) expect(await get(id)).toMatchObject({ status: "succeeded" });
    const warning = log.filter(({ message }) => message.includes("timers.json"));
    expect(
      warning.map(({ level, message }) => [level, message.replaceAll(`${folder}/`, "")]),
    ).toEqual(
      warns
        ? [
            [
              "warning",
              'Cannot read "task-hub.sqlite.timers.json" because it is damaged: timers that were due while no host ran do not run now. The file is written again',
            ],
          ]
        : [],
    );
  },
);

test.each<[string, (file: string) => void, RegExp]>([
  [
    "a folder",
    (file) => (rmSync(file), mkdirSync(file)),
    /^Cannot open "lock" because it is not a file/,
  ],
  [
    "damaged",
    (file) => writeFileSync(file, "x".repeat(200)),
    /^Cannot use "lock" .* Delete this file/,
  ],
])("a lock that is %s is rejected with an error that names it", async (_, damage, says) => {
  const folder = copyOf("stopped");
  damage(join(folder, "lock"));
  expect(await refusal(folder)).toMatch(says);
});

test("a file in place of the folder is rejected with an error that names it", async () => {
  const file = join(newFolder(), "taken");
  writeFileSync(file, "");
  expect(await start(file).catch((error: Error) => error.message)).toBe(
    `Cannot open "${file}" because it is not a file, or its folder is read-only (EEXIST: file already exists, mkdir '${file}'). Check both, then start again`,
  );
});

test.each(databases)(
  "%s with a different schema is rejected with an error that names it",
  async (name) => {
    const folder = copyOf("stopped");
    const database = new DatabaseSync(join(folder, name));
    database.exec("PRAGMA user_version = 99");
    database.close();
    expect(await start(folder).catch(String)).toMatch(
      new RegExp(`Cannot open .*${name}" because .*99.* to start over`),
    );
  },
);

describe("a first start that dies", () => {
  const unmark = (file: string) => {
    const database = new DatabaseSync(file);
    database.exec("PRAGMA application_id = 0");
    database.close();
  };
  const first = async () => {
    const folder = newFolder();
    const { stack } = await start(folder);
    await stack.close();
    return folder;
  };

  test.each<[string, (at: (name: string) => string) => void]>([
    ["before anything was written", (at) => databases.map((name) => remove(at(name)))],
    ["with an empty hub", (at) => (remove(at("storage.sqlite")), empty(at("task-hub.sqlite")))],
    ["after the hub was created", (at) => remove(at("storage.sqlite"))],
    ["while storage was created", (at) => empty(at("storage.sqlite"))],
    ["before storage had an identity", (at) => unmark(at("storage.sqlite"))],
    ["before there was a key", () => {}],
  ])("%s is completed by the next one", async (_, undo) => {
    const folder = await first();
    const at = (name: string) => join(folder, name);
    remove(at("copy-secret-key"));
    unmark(at("task-hub.sqlite"));
    undo(at);
    const { stack } = await start(folder);
    await stack.close();
    expect(readFileSync(at("copy-secret-key"), "utf8")).toHaveLength(44);
    await start(folder);
  });

  test("after the key was written is completed with that key", async () => {
    const folder = await first();
    const key = readFileSync(join(folder, "copy-secret-key"), "utf8");
    unmark(join(folder, "task-hub.sqlite"));
    await start(folder);
    expect(readFileSync(join(folder, "copy-secret-key"), "utf8")).toBe(key);
  });

  test("a key without both databases is rejected, because the key sealed something", async () => {
    const folder = await first();
    for (const name of databases) remove(join(folder, name));
    expect(await refusal(folder)).toMatch(/^Cannot start because "task-hub.sqlite" is missing/);
  });

  test("a state without an identity, which an older version wrote, gets one and loses nothing", async () => {
    const folder = copyOf("killed");
    for (const name of databases) unmark(join(folder, name));
    const { get } = await start(folder);
    for (const id of ids) expect(await get(id)).toMatchObject({ status: "copying" });
  });

  test("a state without an identity and without its key is rejected", async () => {
    const folder = copyOf("stopped");
    for (const name of databases) unmark(join(folder, name));
    remove(join(folder, "copy-secret-key"));
    expect(await refusal(folder)).toMatch(/^Cannot start because "copy-secret-key" is missing/);
  });
});
