import { setTimeout } from "node:timers/promises";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { systemClock } from "../../../src/local/clock.ts";
import { startLocalStack, type LocalStack } from "../../../src/local/local-stack.ts";
import { count, type Table } from "../table.ts";

const copies = 200;
/** Duration of each copy. */
const copyMs = 1_500;
const sourceBytes = 150_000;
const betweenStartsMs = 100;

type Lags = { milliseconds: number[]; reads: number[] };

/** Time from Storage's end of a copy to the end of its orchestration, with its event and with the event dropped. */
export async function measureWakeLag(): Promise<Table> {
  const lags = [await measure("delivered"), await measure("dropped")];
  const row = (name: string, value: (run: Lags) => string) => [name, ...lags.map(value)];
  return {
    title: `Noticing the end: ${count(copies)} copies of ${copyMs / 1_000} s each, one every ${betweenStartsMs} ms`,
    columns: ["", "events delivered", "events dropped"],
    rows: [
      row("end at Storage to end of the orchestration, median", (run) => `${at(run, 0.5)} ms`),
      row("the same, 99th percentile", (run) => `${at(run, 0.99)} ms`),
      row("the same, maximum", (run) => `${at(run, 1)} ms`),
      row("status reads, maximum", (run) => count(Math.max(...run.reads))),
    ],
    notes: [
      "In one process with the emulator and the client, in real time. With events, 99 % should be below a second, and no copy may take more than three reads. Without events, the next scheduled poll finds the end, after a share of the copy's forecast duration.",
    ],
  };
}

function at({ milliseconds }: Lags, share: number): number {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? 0; // nearest rank
}

async function measure(events: "delivered" | "dropped"): Promise<Lags> {
  const endedAtStorage = new Map<string, number>();
  const runEnded = new Map<string, number>();
  const clock = systemClock();
  const stack = await startLocalStack({
    appDirectory: process.cwd(),
    stateDirectory: null,
    clock,
    functionsPort: 0,
    blobPort: 0,
    events: {},
    copies: { bytesPerSecond: (sourceBytes / copyMs) * 1_000 },
    log({ level, kind, subject, message }) {
      if (level === "error" || level === "critical") console.error(`${subject} ${message}`);
      if (kind === "orchestration" && message.includes(" finished: ")) {
        runEnded.set(subject, clock.now());
      }
    },
  });
  stack.emulator.events.planDelivery = ({ api, blob, at: time }) => {
    if (api !== "CopyBlob") return {};
    endedAtStorage.set(blob, time);
    return events === "delivered" ? {} : { times: 0 };
  };
  try {
    const ids = await startCopies(stack);
    const started = [...ids.keys()];
    while (started.some((id) => !runEnded.has(id))) await setTimeout(100);
    const reads = await Promise.all(started.map((id) => statusReads(stack, id)));
    const milliseconds = [...ids].map(
      ([id, name]) => (runEnded.get(id) ?? NaN) - (endedAtStorage.get(name) ?? NaN),
    );
    if (events === "delivered" && Math.max(...reads) > 3) {
      throw new Error(`A copy took ${Math.max(...reads)} reads, although its event was delivered`);
    }
    return { milliseconds, reads };
  } finally {
    await stack.close();
  }
}

/** Returns each copy's id with the name of its destination. */
async function startCopies({ emulator, host }: LocalStack): Promise<Map<string, string>> {
  const [account] = emulator.accounts;
  if (account === undefined) throw new Error("The emulator has no account");
  const root = `${emulator.blobUrl}/${account.name}`;
  const credential = new StorageSharedKeyCredential(account.name, account.key);
  const storage = new BlobServiceClient(root, credential);
  for (const name of ["inbox", "archive"]) await storage.getContainerClient(name).create();
  const source = storage.getContainerClient("inbox").getBlockBlobClient("film.mp4");
  await source.uploadData(Buffer.alloc(sourceBytes));
  const ids = new Map<string, string>();
  for (let number = 0; number < copies; number++) {
    const name = `film-${number}.mp4`;
    const response = await fetch(`${host.url}/api/copies`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ source: source.url, destination: `${root}/archive/${name}` }),
    });
    ids.set(((await response.json()) as { id: string }).id, name); // the app's own response
    await setTimeout(betweenStartsMs);
  }
  return ids;
}

async function statusReads({ host }: LocalStack, id: string): Promise<number> {
  const response = await fetch(`${host.url}/api/copies/${id}`);
  const copy = (await response.json()) as { status: string; statusReads: number }; // as above
  if (copy.status !== "succeeded") throw new Error(`A copy did not succeed: ${copy.status}`);
  return copy.statusReads;
}
