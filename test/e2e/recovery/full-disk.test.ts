import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { expect, onTestFinished, test } from "vitest";
import { accounts } from "../../../src/local/storage/auth/accounts.ts";
import { reservedPorts } from "../../support/reserved-ports.ts";

/*
 * Goal: `npm start` reports a full disk or a failed write and loses nothing that it acknowledged. Method: its program
 * as a process, with SQLite's limit on pages, the shell's limit on file sizes, a small file system where the system
 * allows one, and a folder without write permission.
 */

/** A folder with the app, where `.local/` can be created. */
function appFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ferry-full-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ["package.json", "host.json", "local.settings.json"]) {
    cpSync(name, join(folder, name));
  }
  for (const name of ["node_modules", "dist"]) symlinkSync(resolve(name), join(folder, name));
  return folder;
}

/** Sets SQLite's limit of pages for one file, when it is opened. */
function limitPages(name: string, pages: number): string {
  const module = `
    import { DatabaseSync } from "node:sqlite";
    const { exec } = DatabaseSync.prototype;
    DatabaseSync.prototype.exec = function (sql) {
      exec.call(this, sql);
      if (sql.includes("journal_mode") && this.location().endsWith("${name}")) {
        exec.call(this, "PRAGMA max_page_count = ${pages}");
      }
    };`;
  return `--import=data:text/javascript,${encodeURIComponent(module)}`;
}

type Start = {
  /** Arguments of Node. */
  node?: readonly string[];
  /** Commands of the shell before it starts. */
  shell?: string;
  blobPort?: string;
};

/** One for each start: the state of a start that was killed is started again on the same port. */
const ports = (await reservedPorts(40)).map(String);

function run(
  folder: string,
  { node = [], shell = "true", blobPort = ports.pop() ?? "0" }: Start = {},
) {
  const command = `${shell} && exec "$0" "$@"`;
  const program = [process.execPath, ...node, "dist/local/npm-start.js"];
  const child = spawn("bash", ["-c", command, ...program], {
    cwd: folder,
    env: { ...process.env, FUNCTIONS_PORT: "0", BLOB_PORT: blobPort, FILE_PORT: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  const ended = new Promise<number | null>((end) => child.on("close", end));
  const urls = new Promise<{ blob: string; copies: string }>((found, reject) => {
    child.stderr.on("data", (chunk: Buffer) => void (output += chunk.toString()));
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      const blob = /^Storage emulator +(\S+)\/devstoreaccount1/m.exec(output)?.[1];
      const copies = /^Copies +(\S+)$/m.exec(output)?.[1];
      if (blob !== undefined && copies !== undefined) found({ blob, copies });
    });
    void ended.then((code) => reject(new Error(`ended with ${code}: ${output}`)));
  });
  urls.catch(() => {});
  return { child, ended, urls, output: () => output };
}

function containers(blobUrl: string) {
  const [account] = accounts;
  if (account === undefined) throw new Error("no account");
  const credential = new StorageSharedKeyCredential(account.name, account.key);
  const root = `${blobUrl}/${account.name}`;
  const service = new BlobServiceClient(root, credential, { retryOptions: { maxTries: 1 } });
  return { root, container: (name: string) => service.getContainerClient(name) };
}

/** Starts it, and uploads a source. */
async function started(folder: string, start: Start = {}) {
  const processOf = run(folder, start);
  const { blob, copies } = await processOf.urls;
  const { root, container } = containers(blob);
  for (const name of ["inbox", "archive"]) await container(name).createIfNotExists();
  await container("inbox").getBlockBlobClient("film").uploadData(Buffer.alloc(10_000, "film"));
  const post = (name: string, metadata = {}) =>
    fetch(copies, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        source: `${root}/inbox/film`,
        destination: `${root}/archive/${name}`,
        options: { metadata },
      }),
    });
  return { ...processOf, copies, container, post, port: new URL(blob).port };
}

/** Posts copies until one is not accepted. Returns the ids of the others, and the last status. */
async function postUntilRefused(post: (name: string, metadata: object) => Promise<Response>) {
  const ids: string[] = [];
  for (let n = 0; ; n++) {
    const response = await post(`film${n}`, { note: "x".repeat(4_000) }).catch(() => null);
    if (response?.status !== 202) return { ids, status: response?.status ?? null };
    const { id } = (await response.json()) as { id: string };
    ids.push(id);
  }
}

/** Two minutes later, after the queues' time-out of a minute, messages that the ended process held are visible again. */
const later = `--import=data:text/javascript,${encodeURIComponent("const { now } = Date; Date.now = () => now() + 120_000")}`;

async function expectAllSucceed(folder: string, blobPort: string, ids: readonly string[]) {
  const again = run(folder, { blobPort, node: [later] });
  const { blob, copies } = await again.urls;
  for (const id of ids) {
    const url = `${copies}/${id}`;
    const read = async () => (await (await fetch(url)).json()) as Record<string, unknown>;
    await expect.poll(read, { timeout: 60_000 }).toMatchObject({ status: "succeeded" });
    const { destination } = await read();
    const name = String(destination).split("/").at(-1) ?? "";
    const content = await containers(blob)
      .container("archive")
      .getBlobClient(name)
      .downloadToBuffer();
    expect(content.equals(Buffer.alloc(10_000, "film"))).toBe(true);
  }
  again.child.kill("SIGTERM");
  expect(await again.ended).toBe(0);
}

const stackLines = (output: string) => output.split("\n").filter((line) => /^\s+at /.test(line));

/** No stack trace, and the reason once. */
function expectOneSentence(output: string, sentence: string) {
  const lines = output.split("\n");
  expect(lines.filter((line) => line.includes(sentence))).toHaveLength(1);
  expect(lines.filter((line) => line.includes("no transaction is active"))).toEqual([]);
  expect(stackLines(output)).toEqual([]);
}

const full = (file: string) =>
  `Cannot write "${file}" because the disk is full. Free some space, then start again: nothing that was acknowledged is lost`;

test.each([
  { file: "task-hub.sqlite", pages: 70 },
  { file: "storage.sqlite", pages: 70 },
])(
  "a full disk under $file: 503, one sentence, exit code 1, and nothing acknowledged is lost",
  async ({ file, pages }) => {
    const folder = appFolder();
    const { post, ended, output, port } = await started(folder, {
      node: [limitPages(file, pages)],
    });
    const { ids, status } = await postUntilRefused(post);
    expect([503, null]).toContain(status); // null: the process has ended
    expect(ids.length).toBeGreaterThan(2);
    expect(await ended).toBe(1);
    expectOneSentence(output(), full(`.local/${file}`));
    await expectAllSucceed(folder, port, ids);
  },
);

test("a full disk while blobs are uploaded: 503, and every upload that got a 201 is kept", async () => {
  const folder = appFolder();
  const start = { node: [limitPages("storage.sqlite", 2_000)] };
  const { container, ended, output, port } = await started(folder, start);
  const content = Buffer.alloc(1_000_000, "x");
  let kept = 0;
  let refused: unknown;
  for (; refused === undefined && kept < 50; kept++) {
    refused = await container("inbox")
      .getBlockBlobClient(`large${kept}`)
      .uploadData(content)
      .then(() => undefined)
      .catch((error: unknown) => error);
  }
  kept--;
  expect(refused).toMatchObject({ statusCode: 503, code: "ServerBusy" });
  expect(kept).toBeGreaterThan(2);
  expect(await ended).toBe(1);
  expectOneSentence(output(), full(".local/storage.sqlite"));
  const again = run(folder, { blobPort: port });
  const { blob } = await again.urls;
  for (let n = 0; n < kept; n++) {
    const client = containers(blob).container("inbox").getBlobClient(`large${n}`);
    expect((await client.downloadToBuffer()).equals(content)).toBe(true);
  }
  expect(await containers(blob).container("inbox").getBlobClient(`large${kept}`).exists()).toBe(
    false,
  );
});

test("a limit on file sizes ends the process with one sentence that names the file, and loses nothing", async () => {
  const folder = appFolder();
  const { post, ended, output, port } = await started(folder, { shell: "ulimit -f 1200" });
  const { ids } = await postUntilRefused(post);
  expect(ids.length).toBeGreaterThan(2);
  expect(await ended).toBe(1);
  expect(output()).toMatch(
    /Cannot write "\.local\/[\w-]+\.sqlite" because the system reported an error/,
  );
  expect(stackLines(output())).toEqual([]);
  await expectAllSucceed(folder, port, ids);
});

test("a first start on a full disk names the file", async () => {
  const { ended, output } = run(appFolder(), { shell: "ulimit -f 0" });
  expect(await ended).toBe(1);
  expect(output()).toMatch(/Cannot write "\.local\/[\w.-]+" because the system reported an error/);
  expect(stackLines(output())).toEqual([]);
});

/** Returns true if this user may mount a small file system in its own namespace. */
const canMount = (() => {
  try {
    const options = { stdio: "ignore" } as const;
    const mount = 'd=$(mktemp -d) && mount -t tmpfs -o size=1m t "$d"';
    execFileSync("unshare", ["-r", "-m", "sh", "-c", mount], options);
    return true;
  } catch {
    return false;
  }
})();

const isSkipped = !canMount && process.env["CI"] !== "true";
if (isSkipped)
  console.log(
    "Skipped the test of a full file system because this user is not allowed to mount one",
  );

test.skipIf(isSkipped)(
  "a real full file system is reported at run time and at the next start",
  async () => {
    const folder = appFolder();
    const node = JSON.stringify(process.execPath);
    // The second start finds the disk as full as the first one left it.
    writeFileSync(
      join(folder, "twice.sh"),
      `mkdir .local && mount -t tmpfs -o size=6m t .local || exit 9
     head -c 4500000 /dev/zero > .local/filler
     ${node} dist/local/npm-start.js & wait $!; echo "first $?"
     head -c 9000000 /dev/zero >> .local/filler
     ${node} dist/local/npm-start.js; echo "second $?"`,
    );
    const { urls, ended, output } = run(folder, {
      shell: 'set -- unshare -r -m bash twice.sh; exec "$@"',
    });
    const { blob } = await urls;
    const { container } = containers(blob);
    await container("inbox").create();
    const upload = async (n: number) =>
      container("inbox").getBlockBlobClient(`b${n}`).uploadData(Buffer.alloc(300_000, "x"));
    const fill = async () => {
      for (let n = 0; n < 50; n++) await upload(n);
    };
    await expect(fill()).rejects.toThrow(/currently unable|ECONNRE|socket/);
    await ended;
    expect(output()).toContain(full(".local/storage.sqlite"));
    expect(output()).toContain("first 1");
    const second = output().split("first 1")[1] ?? "";
    expect(second).toMatch(
      /Cannot write "\.local\/[\w.-]+" because the (disk is full|system reported an error)/,
    );
    expect(second).toContain("second 1");
    expect(stackLines(output())).toEqual([]);
  },
);

test("a folder that this user cannot write to is rejected with an error that names it, and left unchanged", async () => {
  const folder = appFolder();
  const first = run(folder);
  await first.urls;
  first.child.kill("SIGTERM");
  expect(await first.ended).toBe(0);
  const state = join(folder, ".local");
  chmodSync(state, 0o500); // a mode with rights for others is corrected
  onTestFinished(() => chmodSync(state, 0o755));
  const before = readdirSync(state);
  // Root may write everywhere, unless it runs without its capabilities.
  const powerless = 'exec setpriv --bounding-set=-all --inh-caps=-all "$0" "$@"';
  const second = run(folder, process.getuid?.() === 0 ? { shell: powerless } : {});
  expect(await second.ended).toBe(1);
  expect(second.output()).toMatch(/Cannot (open|write) "\.local(\/[\w.-]+)?" because .*read-only/);
  expect(stackLines(second.output())).toEqual([]);
  expect(readdirSync(state)).toEqual(before);
});
