import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { parseSource } from "../../../src/copy/location/parse-endpoint.ts";
import { buildOutcome } from "../../../src/copy/contract/outcome.ts";
import { epochMs, toIso } from "../../../src/copy/time.ts";
import { createBlobLedger } from "../../../src/ledger/blob-ledger.ts";
import { newInstanceId } from "../../../src/ledger/instance-id.ts";
import { newRecord, withOutcome } from "../../../src/ledger/record.ts";
import { systemClock } from "../../../src/local/clock.ts";
import { startLocalStack, type LocalStack } from "../../../src/local/local-stack.ts";
import { count, type Table } from "../table.ts";

const copies = 10_000;
const rounds = 40;
/** The copies are a minute apart, the newest one requested now. */
const apartMs = 60_000;

/** The time of one page of a list, with 10,000 copies in the ledger, compared with that of one copy. */
export async function measureListPages(): Promise<Table> {
  const clock = systemClock();
  const stack = await startLocalStack({
    appDirectory: process.cwd(),
    stateDirectory: null,
    clock,
    functionsPort: 0,
    blobPort: 0,
    copies: { finishOnStart: "always" },
    log({ level, subject, message }) {
      if (level === "error" || level === "critical") console.error(`${subject} ${message}`);
    },
  });
  try {
    await fillLedger(stack, clock.now());
    const id = await copyOne(stack);
    const copy = await measure(stack, `/${id}`);
    const rows = [
      ["one copy", copy] as const,
      ["the first page, 50 copies", await measure(stack, "?limit=50")] as const,
      [
        "the first page of those that failed, one in 100",
        await measure(stack, "?status=failed"),
      ] as const,
      [
        "a page in which no copy matches the filter",
        await measure(stack, "?status=skipped"),
      ] as const,
    ];
    return {
      title: `GET /api/copies with ${count(copies)} copies in the ledger`,
      columns: ["", "median", "ratio to one copy", "calls of List Blobs"],
      rows: rows.map(([name, { milliseconds, calls }]) => [
        name,
        `${milliseconds.toFixed(1)} ms`,
        (milliseconds / copy.milliseconds).toFixed(1),
        count(calls),
      ]),
      notes: [
        `Each call ${rounds} times, one after another, against the app on the local host with the emulator in the same process. In Azure, a call of List Blobs takes longer than here, so the number of calls decides.`,
      ],
    };
  } finally {
    await stack.close();
  }
}

function account(stack: LocalStack): BlobServiceClient {
  const [{ name, key } = { name: "", key: "" }] = stack.emulator.accounts;
  const credential = new StorageSharedKeyCredential(name, key);
  return new BlobServiceClient(`${stack.emulator.blobUrl}/${name}`, credential);
}

async function fillLedger(stack: LocalStack, now: number): Promise<void> {
  const service = account(stack);
  const { records } = createBlobLedger(service.getContainerClient("ferry-ledger"));
  const origins = { emulator: { blob: stack.emulator.blobUrl, file: null }, external: [] };
  const parsed = parseSource(`${service.url}/inbox/film.mp4`, origins);
  if (!parsed.ok) throw new Error(parsed.problems.join());
  const source = parsed.endpoint;
  const write = async (index: number) => {
    const at = epochMs(now - index * apartMs);
    const createdAt = toIso(at);
    const result = { kind: "not-started", failure: { cause: "internal" } } as const;
    const outcome = buildOutcome(
      index % 100 === 0
        ? (result as never)
        : { kind: "success", progress: { bytesCopied: 1, totalBytes: 1 }, etag: "x", endedAt: at },
      {
        copyId: null,
        record: { abortRequested: false, startedAt: createdAt, statusReads: 1 },
        residue: [],
        settledAt: at,
        createdAt,
      },
    );
    const record = newRecord({ source, destination: source as never, createdAt, owner: undefined });
    await records.write(newInstanceId(at), withOutcome(record, outcome), null);
  };
  for (let index = 0; index < copies; index += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, each) => write(index + each)));
  }
}

/** Copies one blob through the app, and returns the id of the copy when it has ended. */
async function copyOne(stack: LocalStack): Promise<string> {
  const service = account(stack);
  for (const name of ["inbox", "archive"]) {
    await service.getContainerClient(name).createIfNotExists();
  }
  const source = service.getContainerClient("inbox").getBlockBlobClient("one.mp4");
  await source.uploadData(Buffer.alloc(1_000));
  const response = await fetch(`${stack.host.url}/api/copies`, {
    method: "POST",
    headers: { "content-type": "application/json", prefer: "wait=20" },
    body: JSON.stringify({ source: source.url, destination: `${service.url}/archive/one.mp4` }),
  });
  const { id, status } = (await response.json()) as { id: string; status: string };
  if (status !== "succeeded") throw new Error(`The copy of the benchmark is ${status}`);
  return id;
}

async function measure(
  { host, emulator }: LocalStack,
  path: string,
): Promise<{ milliseconds: number; calls: number }> {
  const lists = () => emulator.requests.filter(({ operation }) => operation === "ListBlobs").length;
  const before = lists();
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const begun = performance.now();
    const response = await fetch(`${host.url}/api/copies${path}`);
    await response.text();
    if (response.status !== 200) throw new Error(`GET ${path} returned ${response.status}`);
    times.push(performance.now() - begun);
  }
  const milliseconds = times.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0;
  return { milliseconds, calls: (lists() - before) / rounds };
}
