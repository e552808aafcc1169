import { randomBytes } from "node:crypto";
import type { BlobClient } from "@azure/storage-blob";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { MultiBar } from "cli-progress";
import { systemClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import { startLocalStack } from "./local-stack.ts";

/*
 * `npm run demo`: a visible demo. One copy succeeds, one is aborted, and a route copies an uploaded blob on its own.
 * Exits with 0 if all three end as expected.
 */

/** A copy as the app's HTTP API returns it. */
type Copy = {
  id: string;
  status: string;
  destination: string;
  progress: { bytesCopied: number; totalBytes: number } | null;
  residue: string[];
};

const mebibyte = 1_024 * 1_024;
const clock = systemClock();
const stack = await startLocalStack({
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
const copies = `${stack.host.url}/api/copies`;
const account = `${stack.emulator.blobUrl}/devstoreaccount1`;

try {
  console.log(
    "The Storage emulator and the Functions host are running; uploading a film of 48 MiB",
  );
  const film = randomBytes(48 * mebibyte);
  const storage = createStorageClient();
  for (const name of ["inbox", "archive", "watched", "copied"]) {
    await storage.getContainerClient(name).create();
  }
  await storage.getContainerClient("inbox").getBlockBlobClient("film.mp4").uploadData(film);

  const first = await start("archive/film.mp4");
  const second = await start("archive/never.mp4");
  console.log(`POST ${copies} twice: copy ${first.id} and copy ${second.id}`);
  await storage.getContainerClient("watched").getBlockBlobClient("film.mp4").uploadData(film);
  console.log("The same film is uploaded to a container that a route watches\n");
  const view = createProgressView();
  let abortSent = false;
  const [succeeded, aborted] = await Promise.all([
    watch(first, view),
    watch(second, view, async (copy) => {
      if (abortSent || (copy.progress?.bytesCopied ?? 0) === 0) return;
      abortSent = true;
      await call("POST", `/${copy.id}/abort`);
    }),
  ]);
  view.stop();
  const route = storage.getContainerClient("copied").getBlobClient("film.mp4");
  while ((await readCopyStatus(route)) === "pending") await pause(clock, 200);
  const routed = (await readCopyStatus(route)) === "success";

  const copied = await storage
    .getContainerClient("archive")
    .getBlobClient("film.mp4")
    .downloadToBuffer();
  const gone = !(await storage.getContainerClient("archive").getBlobClient("never.mp4").exists());
  console.log(
    `\narchive/film.mp4   ${succeeded.status}; ${copied.length} bytes, compared with the source: ` +
      (copied.equals(film) ? "equal" : "DIFFERENT"),
  );
  console.log(
    `archive/never.mp4  ${aborted.status}; no empty blob left behind: ${gone ? "true" : "FALSE"}`,
  );
  console.log(
    `copied/film.mp4    ${routed ? "succeeded" : "FAILED"}; started by the route that watches "watched"`,
  );
  const passed =
    succeeded.status === "succeeded" &&
    copied.equals(film) &&
    aborted.status === "aborted" &&
    gone &&
    routed;
  process.exitCode = passed ? 0 : 1;
} finally {
  await stack.close();
}

async function start(path: string): Promise<Copy> {
  const body = { source: `${account}/inbox/film.mp4`, destination: `${account}/${path}` };
  return await call("POST", "", body);
}

async function readCopyStatus(blob: BlobClient): Promise<string> {
  return (await blob.exists()) ? ((await blob.getProperties()).copyStatus ?? "none") : "none";
}

/** Polls a copy until its status is final. Shows each response, then calls `afterPoll`. */
async function watch(
  { id }: Copy,
  view: { show(copy: Copy): void },
  afterPoll: (copy: Copy) => Promise<void> = async () => {},
): Promise<Copy> {
  for (;;) {
    const copy = await call("GET", `/${id}`);
    view.show(copy);
    if (["succeeded", "skipped", "failed", "aborted"].includes(copy.status)) return copy;
    await afterPoll(copy);
    await pause(clock, 200);
  }
}

async function call(method: string, path: string, body?: unknown): Promise<Copy> {
  const response = await fetch(`${copies}${path}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok)
    throw new Error(`${method} ${copies}${path} returned ${response.status}: ${text}`);
  // The app's own response has this shape.
  return JSON.parse(text) as Copy;
}

/** Shows progress bars on a terminal; in a pipe, prints one line for each change. */
function createProgressView(): { show(copy: Copy): void; stop(): void } {
  const lastLines = new Map<string, string>();
  const format = "{name} {bar} {percentage}% | {value}/{total} bytes | {status}";
  const bars = process.stdout.isTTY ? new MultiBar({ format, hideCursor: true }) : null;
  const barsById = new Map<string, ReturnType<MultiBar["create"]>>();
  return {
    show(copy) {
      const name = new URL(copy.destination).pathname.split("/").slice(2).join("/").padEnd(18);
      const { bytesCopied, totalBytes } = copy.progress ?? { bytesCopied: 0, totalBytes: 0 };
      if (bars === null) {
        const line = `${name} ${copy.status.padEnd(9)} ${bytesCopied}/${totalBytes} bytes`;
        if (lastLines.get(copy.id) !== line) console.log(line);
        lastLines.set(copy.id, line);
        return;
      }
      const bar = barsById.get(copy.id) ?? bars.create(totalBytes || 1, 0, { name, status: "" });
      barsById.set(copy.id, bar);
      bar.setTotal(totalBytes || 1);
      bar.update(bytesCopied, { name, status: copy.status });
    },
    stop: () => bars?.stop(),
  };
}

function createStorageClient(): BlobServiceClient {
  const [first] = stack.emulator.accounts;
  if (first === undefined)
    throw new Error("Cannot run the demo because the emulator has no account");
  return new BlobServiceClient(account, new StorageSharedKeyCredential(first.name, first.key));
}

function pause(on: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => on.schedule(on.now() + ms, resolve));
}
