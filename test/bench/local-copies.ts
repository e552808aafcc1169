import { fork, type ChildProcess } from "node:child_process";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import type { WorldMeasures, WorldMessage, WorldOrder } from "./local-world.ts";
import { seededRandom } from "./seeded-random.ts";
import { count, type Table } from "./table.ts";

const copies = 1_000;
const sourceBytes = 256 * 1_024;
/** Seconds that a copy takes in the emulator: the last must be started before the first is done. */
const shortest = 25;
const longest = 35;
const seed = 20_261_120;
/** Requests that the client keeps open. */
const atOnce = 16;

type CopyBody = {
  id: string;
  status: string;
  statusReads: number;
  copyId: string | null;
  error: unknown;
};

type Measured = WorldMeasures & {
  startSeconds: number;
  totalSeconds: number;
  /** As Storage itself lists them, once the last start was accepted and taken up. */
  pendingAtOnce: number;
  reads: number;
};

/** 1,000 copies through the real app, on disk and in memory, each in a process of its own. */
export async function measureLocalCopies(): Promise<Table> {
  const runs = [await measure("on disk"), await measure("in memory")];
  const row = (name: string, value: (run: Measured) => string) => [name, ...runs.map(value)];
  const mebibytes = (bytes: number) => `${count(Math.round(bytes / 1_024 / 1_024))} MiB`;
  return {
    title: `Local host, ${count(copies)} copies at once, all succeeded`,
    columns: ["", "on disk", "in memory"],
    rows: [
      row("copies accepted over HTTP, per second", (run) => count(copies / run.startSeconds)),
      row("pending at once, as Storage lists them", (run) => count(run.pendingAtOnce)),
      row("status reads", (run) => count(run.reads)),
      row("status reads per copy", (run) => count(run.reads / copies)),
      row("turns", (run) => count(run.turns)),
      row("turns per second, over the whole run", (run) => count(run.turns / run.totalSeconds)),
      row("turns per second, in the busiest second", (run) => count(run.busiestSecond)),
      row("first start to last end", (run) => `${run.totalSeconds.toFixed(1)} s`),
      row("processor time per copy", (run) => `${count(run.cpuMilliseconds / copies)} ms`),
      row("memory before the first copy", (run) => mebibytes(run.idleRssBytes)),
      row("memory at its peak", (run) => mebibytes(run.peakRssBytes)),
    ],
    notes: [
      `The compiled app on the local host with the Storage emulator in one process, as npm start runs them; the client is another process with ${atOnce} requests open. Every copy takes ${shortest} to ${longest} s in the emulator (seed ${seed}), so most of the run is waiting. Memory (resident set) and processor time are the host's and the emulator's together; so is "on disk": task hub, ledger and blobs.`,
    ],
  };
}

async function measure(state: "on disk" | "in memory"): Promise<Measured> {
  const random = seededRandom(seed);
  const names = Array.from({ length: copies }, (_, index) => `film-${index}.mp4`);
  const durations = Object.fromEntries(
    names.map((name) => [name, shortest + random() * (longest - shortest)]),
  );
  const world = await openWorld({ kind: "start", state, bytes: sourceBytes, durations });
  try {
    const storage = await prepareStorage(world);
    const startedAt = performance.now();
    const started = await inParallel(names, (name) => startCopy(world, name));
    const startSeconds = (performance.now() - startedAt) / 1_000;
    const pendingAtOnce = await mostPending(storage, world);
    await world.allEnded;
    const totalSeconds = (performance.now() - startedAt) / 1_000;
    const measures = await world.measure();
    const reads = await checkCopies(world, started);
    await checkDestinations(storage);
    return { ...measures, startSeconds, totalSeconds, pendingAtOnce, reads };
  } finally {
    await world.close();
  }
}

type World = {
  copies: string;
  account: string;
  credential: StorageSharedKeyCredential;
  allEnded: Promise<void>;
  ended(): number;
  measure(): Promise<WorldMeasures>;
  close(): Promise<void>;
};

/** Forks the measured process without the caller's own settings of the app. */
async function openWorld(order: WorldOrder): Promise<World> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(COPY_|AzureWebJobs)/.test(name)),
  );
  const child = fork(new URL("local-world.ts", import.meta.url), { env });
  const ready = next(child, "ready");
  let ended = 0;
  const allEnded = new Promise<void>((resolve) => {
    child.on("message", (message: WorldMessage) => {
      if (message.kind !== "ended") return;
      ended = message.ended;
      if (ended === copies) resolve();
    });
  });
  const exit = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const died = exit.then(() => {
    throw new Error(`The measured process ended early, with exit code ${child.exitCode}`);
  });
  died.catch(() => {}); // only matters to those who still wait for something
  child.send(order);
  const { url, blobUrl, account } = await Promise.race([ready, died]);
  return {
    copies: `${url}/api/copies`,
    account: `${blobUrl}/${account.name}`,
    credential: new StorageSharedKeyCredential(account.name, account.key),
    allEnded: Promise.race([allEnded, died]),
    ended: () => ended,
    async measure() {
      const measured = next(child, "measured");
      child.send({ kind: "measure" } satisfies WorldOrder);
      return await Promise.race([measured, died]);
    },
    async close() {
      if (child.connected) child.send({ kind: "close" } satisfies WorldOrder);
      await exit;
    },
  };
}

function next<Kind extends WorldMessage["kind"]>(
  child: ChildProcess,
  kind: Kind,
): Promise<WorldMessage & { kind: Kind }> {
  return new Promise((resolve) => {
    const listen = (message: WorldMessage) => {
      if (message.kind !== kind) return;
      child.off("message", listen);
      resolve(message as WorldMessage & { kind: Kind }); // as compared just above
    };
    child.on("message", listen);
  });
}

async function prepareStorage({ account, credential }: World): Promise<BlobServiceClient> {
  const storage = new BlobServiceClient(account, credential);
  await storage.getContainerClient("inbox").create();
  await storage.getContainerClient("archive").create();
  const source = storage.getContainerClient("inbox").getBlockBlobClient("film.mp4");
  await source.uploadData(Buffer.alloc(sourceBytes, "film"));
  return storage;
}

async function startCopy({ copies: url, account }: World, name: string): Promise<CopyBody> {
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

/** Lists the destinations until as many pend as were accepted, or the first copy has ended. */
async function mostPending(storage: BlobServiceClient, world: World): Promise<number> {
  let most = 0;
  while (most < copies) {
    const pending = (await destinations(storage)).filter((status) => status === "pending").length;
    most = Math.max(most, pending);
    if (world.ended() > 0) break;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return most;
}

async function destinations(storage: BlobServiceClient): Promise<(string | undefined)[]> {
  const statuses: (string | undefined)[] = [];
  const blobs = storage.getContainerClient("archive").listBlobsFlat({ includeCopy: true });
  for await (const { properties } of blobs) statuses.push(properties.copyStatus);
  return statuses;
}

/** Every copy succeeded, under a copyId of its own; answers the status reads of all. */
async function checkCopies(world: World, started: readonly CopyBody[]): Promise<number> {
  const ended = await inParallel(started, ({ id }) => call(`${world.copies}/${id}`, 200));
  const wrong = ended.find(({ status }) => status !== "succeeded");
  if (wrong !== undefined) throw new Error(`A copy did not succeed: ${JSON.stringify(wrong)}`);
  const copyIds = new Set(ended.map(({ copyId }) => copyId));
  if (copyIds.size !== copies || copyIds.has(null)) {
    throw new Error(`${copies} copies have only ${copyIds.size} different copyIds`);
  }
  return ended.reduce((sum, { statusReads }) => sum + statusReads, 0);
}

/** Storage's own view: each destination is there, whole, by a copy that succeeded. */
async function checkDestinations(storage: BlobServiceClient): Promise<void> {
  let whole = 0;
  const blobs = storage.getContainerClient("archive").listBlobsFlat({ includeCopy: true });
  for await (const { properties } of blobs) {
    if (properties.copyStatus === "success" && properties.contentLength === sourceBytes) whole++;
  }
  if (whole !== copies) throw new Error(`Only ${whole} of ${copies} destinations are whole`);
}

async function call(url: string, expected: number, init: RequestInit = {}): Promise<CopyBody> {
  const answer = await fetch(url, init);
  const text = await answer.text();
  if (answer.status !== expected) throw new Error(`${url} gave ${answer.status}: ${text}`);
  return JSON.parse(text) as CopyBody; // the app's own answer
}

/** Like `Promise.all` over `map`, but with at most `atOnce` under way. */
async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const left = items.entries();
  const worker = async () => {
    for (const [index, item] of left) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}
