import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { expect, onTestFinished, test } from "vitest";
import { reservedPorts } from "../../support/reserved-ports.ts";
import { startListener } from "../../support/servers/listener.ts";
import { accounts } from "../../../src/local/storage/auth/accounts.ts";

/**
 * A copy of the project, so the developer's own `.local/` is not used. With `dist`, `npm start` does not have to build
 * again: see `npmStart`.
 */
function checkout(built: "with dist" | "without dist" = "with dist"): string {
  const folder = mkdtempSync(join(tmpdir(), "ferry-start-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const settings = ["package.json", "host.json", "local.settings.json"];
  const sources = [...settings, "src", "infra", "tsconfig.json"];
  const [copied, linked] = built === "with dist" ? [settings, ["dist"]] : [sources, []];
  for (const path of copied) cpSync(path, join(folder, path), { recursive: true });
  for (const path of ["node_modules", ...linked]) symlinkSync(resolve(path), join(folder, path));
  return folder;
}

/** Runs `npm start`; resolves when it has printed its URLs. A folder that has been built is not built again. */
async function npmStart(folder: string, environment: Record<string, string>) {
  const isBuilt = existsSync(join(folder, "dist"));
  const child = spawn("npm", ["start", ...(isBuilt ? ["--ignore-scripts"] : [])], {
    cwd: folder,
    env: {
      ...process.env,
      // What is built here has another path in each run: the cache would grow.
      NODE_COMPILE_CACHE: isBuilt ? process.env["NODE_COMPILE_CACHE"] : undefined,
      FUNCTIONS_PORT: "0",
      BLOB_PORT: "0",
      FILE_PORT: "0",
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // its own process group: killing only npm would leave its child behind
  });
  onTestFinished(() => {
    try {
      process.kill(-(child.pid ?? 0), "SIGKILL");
    } catch {
      // has exited already
    }
  });
  const exitCode = new Promise<number | null>((resolve) => child.on("exit", resolve));
  let output = "";
  const urls = new Promise<{ blobUrl: string; copies: string }>((resolve, reject) => {
    child.stderr.on("data", (chunk: Buffer) => void (output += chunk.toString()));
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      const blobUrl = /^Storage emulator +(\S+)\/devstoreaccount1/m.exec(output)?.[1];
      const copies = /^Copies +(\S+)$/m.exec(output)?.[1];
      if (blobUrl !== undefined && copies !== undefined) resolve({ blobUrl, copies });
    });
    void exitCode.then((code) => reject(new Error(`npm start ended with ${code}: ${output}`)));
  });
  return { ...(await urls), child, ended: exitCode, output: () => output };
}

async function call(url: string, body?: unknown) {
  const response = await fetch(url, {
    method: body === undefined ? "GET" : "POST",
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  // The expectation after each call checks the response.
  return JSON.parse(await response.text());
}

async function untilEnded(url: string) {
  for (;;) {
    const response = await fetch(url, { headers: { prefer: "wait=20" } });
    // The expectation after the call checks the response.
    const copy = JSON.parse(await response.text());
    if (copy.completedAt !== null) return copy;
  }
}

test("npm start: SDK uploads and HTTP calls work, SIGTERM stops it, and the next start continues", async () => {
  const folder = checkout("without dist");
  const [port = 0] = await reservedPorts(1); // the next start needs the same, because URLs of running copies contain it
  const settings = { COPY_RATE: "100000", BLOB_PORT: String(port) };
  const stack = await npmStart(folder, settings);
  const [account] = accounts;
  if (account === undefined) throw new Error("no account");
  const root = `${stack.blobUrl}/${account.name}`;
  const credential = new StorageSharedKeyCredential(account.name, account.key);
  const service = new BlobServiceClient(root, credential);
  for (const name of ["inbox", "archive"]) await service.getContainerClient(name).create();
  const inbox = service.getContainerClient("inbox");
  await inbox.getBlockBlobClient("short").uploadData(Buffer.alloc(50_000, "short"));
  await inbox.getBlockBlobClient("long").uploadData(Buffer.alloc(20_000_000, "long"));
  const start = (name: string) =>
    call(stack.copies, { source: `${root}/inbox/${name}`, destination: `${root}/archive/${name}` });

  const short = await start("short");
  expect(await untilEnded(`${stack.copies}/${short.id}`)).toMatchObject({ status: "succeeded" });
  const long = await start("long");
  const aborting = await call(`${stack.copies}/${long.id}/abort`, {});
  expect(aborting).toMatchObject({ status: "aborting" });
  expect(await untilEnded(`${stack.copies}/${long.id}`)).toMatchObject({ status: "aborted" });

  const pending = await start("long");
  stack.child.kill("SIGTERM");
  expect(await stack.ended).toBe(0);
  await expect(fetch(stack.copies)).rejects.toThrow("fetch failed");

  const next = await npmStart(folder, settings);
  await expect(npmStart(folder, {})).rejects.toThrow(/another Ferry process uses it/);
  expect(await call(`${next.copies}/${pending.id}`)).toMatchObject({ completedAt: null });
  await call(`${next.copies}/${pending.id}/abort`, {});
  expect(await untilEnded(`${next.copies}/${pending.id}`)).toMatchObject({ status: "aborted" });
  next.child.kill("SIGTERM");
  expect(await next.ended).toBe(0);
});

test("npm start: a route copies a blob in the watched container, and a notification reports its completion", async () => {
  const webhook = await startListener();
  const stack = await npmStart(checkout(), {
    COPY_RATE: "100000",
    COPY_NOTICE_WEBHOOK: webhook.url,
    COPY_NOTICE_SECRET: Buffer.alloc(32, "key").toString("base64"),
  });
  const [account] = accounts;
  if (account === undefined) throw new Error("no account");
  const root = `${stack.blobUrl}/${account.name}`;
  const credential = new StorageSharedKeyCredential(account.name, account.key);
  const service = new BlobServiceClient(root, credential);
  for (const name of ["watched", "copied"]) await service.getContainerClient(name).create();
  const film = Buffer.alloc(150_000, "film");
  const delivery = webhook.next();
  await service.getContainerClient("watched").getBlockBlobClient("a/film").uploadData(film);
  const { type, data } = JSON.parse((await delivery).body);
  expect(type).toBe("Ferry.CopySucceeded");
  expect(data).toMatchObject({ status: "succeeded", destination: `${root}/copied/a/film` });
  // Storage's event reported the end, not a scheduled poll.
  const late = Date.parse(data.lastUpdatedAt) - Date.parse(data.completedAt);
  expect(late).toBeLessThan(3_000);
  expect(data.statusReads).toBeLessThanOrEqual(3);
  const copied = service.getContainerClient("copied").getBlobClient("a/film");
  expect((await copied.downloadToBuffer()).equals(film)).toBe(true);
  stack.child.kill("SIGTERM");
  expect(await stack.ended).toBe(0);
});

test("npm start: with COPY_FINISH_ON_START_BYTES, small copies are complete in the response to their start", async () => {
  const stack = await npmStart(checkout(), {
    COPY_RATE: "1000",
    COPY_FINISH_ON_START_BYTES: "50000",
  });
  const [account] = accounts;
  if (account === undefined) throw new Error("no account");
  const root = `${stack.blobUrl}/${account.name}`;
  const credential = new StorageSharedKeyCredential(account.name, account.key);
  const service = new BlobServiceClient(root, credential);
  for (const name of ["inbox", "archive"]) await service.getContainerClient(name).create();
  const statuses: (string | undefined)[] = [];
  for (const length of [0, 50_000, 50_001]) {
    const source = service.getContainerClient("inbox").getBlockBlobClient(String(length));
    await source.uploadData(Buffer.alloc(length, "x"));
    const copy = service.getContainerClient("archive").getBlobClient(String(length));
    const poller = await copy.beginCopyFromURL(source.url);
    statuses.push(poller.getResult()?.copyStatus ?? (await copy.getProperties()).copyStatus);
  }
  expect(statuses).toEqual(["success", "success", "pending"]);
  const { id } = await call(stack.copies, {
    source: `${root}/inbox/50000`,
    destination: `${root}/archive/by-ferry`,
  });
  expect(await untilEnded(`${stack.copies}/${id}`)).toMatchObject({ status: "succeeded" });
  stack.child.kill("SIGTERM");
  expect(await stack.ended).toBe(0);
});

test.each([
  { setting: { BLOB_PORT: "http" }, says: /BLOB_PORT must be a port/ },
  { setting: { COPY_RATE: "0" }, says: /COPY_RATE must be bytes per second/ },
  {
    setting: { COPY_FINISH_ON_START_BYTES: "1.5" },
    says: /COPY_FINISH_ON_START_BYTES must be a whole number of bytes, 0 for none: "1.5"/,
  },
  { setting: { COPY_ALLOWED: '[{"from":1}]' }, says: /COPY_ALLOWED must be a JSON list/ },
  { setting: { COPY_SECRET_KEYS: "short" }, says: /key 1 is not/ },
])("npm start exits with 1 and reports what is wrong with $setting", async ({ setting, says }) => {
  const started = npmStart(checkout(), setting);
  await expect(started).rejects.toThrow(/ended with 1/);
  await expect(started).rejects.toThrow(says);
});
