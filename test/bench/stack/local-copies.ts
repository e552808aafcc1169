import { fork, type ChildProcess } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import type { BlobItem } from "@azure/storage-blob";
import type { StackMeasures, StackMessage, StackOrder } from "./local-stack-child.ts";
import { count, type Table } from "../table.ts";

const copies = 1_000;
const sourceBytes = 256 * 1_024;
/** How long all copies stay pending together, while they are only polled. */
const heldMs = 10_000;
/** Concurrent requests of the client. */
const maxConcurrent = 16;

type CopyBody = {
  id: string;
  status: string;
  statusReads: number;
  copyId: string | null;
  error: unknown;
};

type Measured = StackMeasures & {
  startSeconds: number;
  /** From the time the emulator lets the copies succeed until the last orchestration completes. */
  finishSeconds: number;
  totalSeconds: number;
  /** As Storage itself lists them. */
  pendingTogether: number;
  reads: number;
};

/** 1,000 copies through the real app, on disk and in memory, each in its own process. */
export async function measureLocalCopies(): Promise<Table> {
  const runs = [await measure("on disk"), await measure("in memory")];
  const row = (name: string, value: (run: Measured) => string) => [name, ...runs.map(value)];
  const mebibytes = (bytes: number) => `${count(Math.round(bytes / 1_024 / 1_024))} MiB`;
  return {
    title: `Local host, ${count(copies)} copies at the same time: started, polled, finished; all succeeded`,
    columns: ["", "on disk", "in memory"],
    rows: [
      row("copies accepted over HTTP, per second", (run) => count(copies / run.startSeconds)),
      row("pending at the same time, as Storage lists them", (run) => count(run.pendingTogether)),
      row("status reads", (run) => count(run.reads)),
      row("turns", (run) => count(run.turns)),
      row("turns per second, over the whole run", (run) => count(run.turns / run.totalSeconds)),
      row("turns per second, in the busiest second", (run) => count(run.busiestSecond)),
      row("last byte copied to last copy ended", (run) => `${run.finishSeconds.toFixed(1)} s`),
      row("first request to last copy ended", (run) => `${run.totalSeconds.toFixed(1)} s`),
      row("processor time per copy", (run) => `${count(run.cpuMilliseconds / copies)} ms`),
      row("memory before the first copy", (run) => mebibytes(run.idleRssBytes)),
      row("memory at its peak", (run) => mebibytes(run.peakRssBytes)),
    ],
    notes: [
      `The compiled app on the local host with the Storage emulator in one process, as npm start runs them; the client is another process with ${maxConcurrent} requests open. The emulator holds every copy until all are pending and ${heldMs / 1_000} s have passed, then lets all succeed: each is seen at its next read, at most half its age later. Most of the run is waiting. Memory (resident set) and processor time include the host and the emulator. "On disk" applies to the task hub, the ledger and the blobs.`,
    ],
  };
}

async function measure(state: "on disk" | "in memory"): Promise<Measured> {
  const names = Array.from({ length: copies }, (_, index) => `film-${index}.mp4`);
  const stack = await openStack({ kind: "start", state });
  try {
    const storage = await prepareStorage(stack);
    const begun = performance.now();
    const since = (instant: number) => (performance.now() - instant) / 1_000;
    const started = await inParallel(names, (name) => startCopy(stack, name));
    const startSeconds = since(begun);
    const pendingTogether = await untilAllPend(storage, stack);
    await setTimeout(heldMs);
    const finishing = performance.now();
    stack.send({ kind: "finish", container: "archive", blobs: names });
    await stack.allEnded;
    const [finishSeconds, totalSeconds] = [since(finishing), since(begun)];
    const measures = await stack.measure();
    const reads = await checkCopies(stack, started);
    await checkDestinations(storage);
    return { ...measures, startSeconds, finishSeconds, totalSeconds, pendingTogether, reads };
  } finally {
    await stack.close();
  }
}

type Stack = {
  copies: string;
  account: string;
  credential: StorageSharedKeyCredential;
  allEnded: Promise<void>;
  ended(): number;
  send(order: StackOrder): void;
  measure(): Promise<StackMeasures>;
  close(): Promise<void>;
};

/** Forks the measured process without the app settings in the caller's environment. */
async function openStack(order: StackOrder): Promise<Stack> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(COPY_|AzureWebJobs)/.test(name)),
  );
  const child = fork(new URL("local-stack-child.ts", import.meta.url), { env });
  const ready = next(child, "ready");
  let ended = 0;
  const allEnded = new Promise<void>((resolve) => {
    child.on("message", (message: StackMessage) => {
      if (message.kind !== "ended") return;
      ended = message.ended;
      if (ended === copies) resolve();
    });
  });
  const exit = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const died = exit.then(() => {
    throw new Error(`The measured process ended early, with exit code ${child.exitCode}`);
  });
  died.catch(() => {}); // awaited only while something else is pending
  const send = (message: StackOrder) => void child.send(message);
  send(order);
  const { url, blobUrl, account } = await Promise.race([ready, died]);
  return {
    copies: `${url}/api/copies`,
    account: `${blobUrl}/${account.name}`,
    credential: new StorageSharedKeyCredential(account.name, account.key),
    allEnded: Promise.race([allEnded, died]),
    ended: () => ended,
    send,
    async measure() {
      const measured = next(child, "measured");
      send({ kind: "measure" });
      return await Promise.race([measured, died]);
    },
    async close() {
      if (child.connected) send({ kind: "close" });
      await exit;
    },
  };
}

function next<Kind extends StackMessage["kind"]>(
  child: ChildProcess,
  kind: Kind,
): Promise<StackMessage & { kind: Kind }> {
  return new Promise((resolve) => {
    const listen = (message: StackMessage) => {
      if (message.kind !== kind) return;
      child.off("message", listen);
      resolve(message as StackMessage & { kind: Kind }); // compared just above
    };
    child.on("message", listen);
  });
}

async function prepareStorage({ account, credential }: Stack): Promise<BlobServiceClient> {
  const storage = new BlobServiceClient(account, credential);
  await storage.getContainerClient("inbox").create();
  await storage.getContainerClient("archive").create();
  const source = storage.getContainerClient("inbox").getBlockBlobClient("film.mp4");
  await source.uploadData(Buffer.alloc(sourceBytes, "film"));
  return storage;
}

async function startCopy({ copies: url, account }: Stack, name: string): Promise<CopyBody> {
  const body = JSON.stringify({
    source: `${account}/inbox/film.mp4`,
    destination: `${account}/archive/${name}`,
  });
  return await call(url, 202, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
}

/** Polls until every destination exists and is pending; the app returns 202 before it starts the copy. */
async function untilAllPend(storage: BlobServiceClient, stack: Stack): Promise<number> {
  for (;;) {
    const blobs = await destinations(storage);
    const pending = blobs.filter(({ copyStatus }) => copyStatus === "pending").length;
    if (pending === copies) return pending;
    if (stack.ended() > 0) throw new Error(`${stack.ended()} copies ended while all were held`);
    await setTimeout(250);
  }
}

async function destinations(storage: BlobServiceClient): Promise<BlobItem["properties"][]> {
  const listed: BlobItem["properties"][] = [];
  const blobs = storage.getContainerClient("archive").listBlobsFlat({ includeCopy: true });
  for await (const { properties } of blobs) listed.push(properties);
  return listed;
}

/** Checks that every copy succeeded, with its own copyId. Returns the total number of status reads. */
async function checkCopies(stack: Stack, started: readonly CopyBody[]): Promise<number> {
  const ended = await inParallel(started, ({ id }) => call(`${stack.copies}/${id}`, 200));
  const wrong = ended.find(({ status }) => status !== "succeeded");
  if (wrong !== undefined) throw new Error(`A copy did not succeed: ${JSON.stringify(wrong)}`);
  const copyIds = new Set(ended.map(({ copyId }) => copyId));
  if (copyIds.size !== copies || copyIds.has(null)) {
    throw new Error(`${copies} copies have only ${copyIds.size} different copyIds`);
  }
  return ended.reduce((sum, { statusReads }) => sum + statusReads, 0);
}

/** Checks in Storage that each destination is complete, written by a copy that succeeded. */
async function checkDestinations(storage: BlobServiceClient): Promise<void> {
  const whole = (await destinations(storage)).filter(
    ({ copyStatus, contentLength }) => copyStatus === "success" && contentLength === sourceBytes,
  );
  if (whole.length !== copies) {
    throw new Error(`Only ${whole.length} of ${copies} destinations are complete`);
  }
}

async function call(url: string, expected: number, init: RequestInit = {}): Promise<CopyBody> {
  const response = await fetch(url, init);
  const text = await response.text();
  if (response.status !== expected) throw new Error(`${url} returned ${response.status}: ${text}`);
  return JSON.parse(text) as CopyBody; // the app's own response
}

/** Like `Promise.all` over `map`, but with at most `maxConcurrent` calls in progress. */
async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const remaining = items.entries();
  const worker = async () => {
    for (const [index, item] of remaining) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: maxConcurrent }, worker));
  return results;
}
