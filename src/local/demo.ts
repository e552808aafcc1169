import { randomBytes } from "node:crypto";
import type { BlobClient } from "@azure/storage-blob";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { MultiBar } from "cli-progress";
import { systemClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import { startLocalWorld } from "./local-stack.ts";

/**
 * `npm run demo`: copies before one's eyes, one to its end, one aborted, and one that nobody asks for: a
 * route follows what is uploaded. Exits 0 if all held.
 */
type Copy = {
  id: string;
  status: string;
  destination: string;
  progress: { bytesCopied: number; totalBytes: number } | null;
  residue: string[];
};

const mebibyte = 1_024 * 1_024;
const clock = systemClock();
const world = await startLocalWorld({
  appDirectory: process.cwd(),
  stateDirectory: null,
  clock,
  functionsPort: 0,
  blobPort: 0,
  log: ({ level, subject, message }) => {
    if (level === "error" || level === "critical") console.error(`${subject} ${message}`);
  },
  copies: { bytesPerSecond: 8 * mebibyte },
  events: {},
});
const copies = `${world.host.url}/api/copies`;
const account = `${world.emulator.blobUrl}/devstoreaccount1`;

try {
  console.log("Storage emulator and Functions host run; uploading a film of 48 MiB");
  const film = randomBytes(48 * mebibyte);
  const storage = storageClient();
  for (const name of ["inbox", "archive", "watched", "copied"]) {
    await storage.getContainerClient(name).create();
  }
  await storage.getContainerClient("inbox").getBlockBlobClient("film.mp4").uploadData(film);

  const first = await start("archive/film.mp4");
  const second = await start("archive/never.mp4");
  console.log(`POST ${copies} twice: copy ${first.id} and copy ${second.id}`);
  await storage.getContainerClient("watched").getBlockBlobClient("film.mp4").uploadData(film);
  console.log("and the same film into the container that a route watches\n");
  const view = progressView();
  let abortSent = false;
  const [ended, aborted] = await Promise.all([
    watch(first, view),
    watch(second, view, async (copy) => {
      if (abortSent || (copy.progress?.bytesCopied ?? 0) === 0) return;
      abortSent = true;
      await call("POST", `/${copy.id}/abort`);
    }),
  ]);
  view.stop();
  const route = storage.getContainerClient("copied").getBlobClient("film.mp4");
  while ((await copyStatusOf(route)) === "pending") await pause(clock, 200);
  const routed = (await copyStatusOf(route)) === "success";

  const copied = await storage
    .getContainerClient("archive")
    .getBlobClient("film.mp4")
    .downloadToBuffer();
  const gone = !(await storage.getContainerClient("archive").getBlobClient("never.mp4").exists());
  console.log(
    `\narchive/film.mp4   ${ended.status}; ${copied.length} bytes, compared with the source: ` +
      (copied.equals(film) ? "equal" : "DIFFERENT"),
  );
  console.log(
    `archive/never.mp4  ${aborted.status}; no empty blob left behind: ${gone ? "true" : "FALSE"}`,
  );
  console.log(
    `copied/film.mp4    ${routed ? "succeeded" : "FAILED"}; nobody asked for it but the route that watches "watched"`,
  );
  const held =
    ended.status === "succeeded" &&
    copied.equals(film) &&
    aborted.status === "aborted" &&
    gone &&
    routed;
  process.exitCode = held ? 0 : 1;
} finally {
  await world.close();
}

async function start(path: string): Promise<Copy> {
  const body = { source: `${account}/inbox/film.mp4`, destination: `${account}/${path}` };
  return await call("POST", "", body);
}

async function copyStatusOf(blob: BlobClient): Promise<string> {
  return (await blob.exists()) ? ((await blob.getProperties()).copyStatus ?? "none") : "none";
}

/** Looks at a copy until it has ended. */
async function watch(
  { id }: Copy,
  view: { show(copy: Copy): void },
  look: (copy: Copy) => Promise<void> = async () => {},
): Promise<Copy> {
  for (;;) {
    const copy = await call("GET", `/${id}`);
    view.show(copy);
    if (["succeeded", "skipped", "failed", "aborted"].includes(copy.status)) return copy;
    await look(copy);
    await pause(clock, 200);
  }
}

async function call(method: string, path: string, body?: unknown): Promise<Copy> {
  const answer = await fetch(`${copies}${path}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${copies}${path} gave ${answer.status}: ${text}`);
  // Just parsed from the app's own answer.
  return JSON.parse(text) as Copy;
}

/** Bars on a terminal; in a pipe, a line for each change. */
function progressView(): { show(copy: Copy): void; stop(): void } {
  const told = new Map<string, string>();
  const format = "{name} {bar} {percentage}% | {value}/{total} bytes | {status}";
  const bars = process.stdout.isTTY ? new MultiBar({ format, hideCursor: true }) : null;
  const barOf = new Map<string, ReturnType<MultiBar["create"]>>();
  return {
    show(copy) {
      const name = new URL(copy.destination).pathname.split("/").slice(2).join("/").padEnd(18);
      const { bytesCopied, totalBytes } = copy.progress ?? { bytesCopied: 0, totalBytes: 0 };
      if (bars === null) {
        const line = `${name} ${copy.status.padEnd(9)} ${bytesCopied}/${totalBytes} bytes`;
        if (told.get(copy.id) !== line) console.log(line);
        told.set(copy.id, line);
        return;
      }
      const bar = barOf.get(copy.id) ?? bars.create(totalBytes || 1, 0, { name, status: "" });
      barOf.set(copy.id, bar);
      bar.setTotal(totalBytes || 1);
      bar.update(bytesCopied, { name, status: copy.status });
    },
    stop: () => bars?.stop(),
  };
}

function storageClient(): BlobServiceClient {
  const [first] = world.emulator.accounts;
  if (first === undefined) throw new Error("The emulator has no account");
  return new BlobServiceClient(account, new StorageSharedKeyCredential(first.name, first.key));
}

function pause(on: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => on.schedule(on.now() + ms, resolve));
}
