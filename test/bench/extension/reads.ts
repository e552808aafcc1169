import { setTimeout as pause } from "node:timers/promises";
import { startAzurite } from "../../extension/support/processes/azurite.ts";
import { buildDurableHost } from "../../extension/support/processes/global-setup.ts";
import { runFolder } from "../../extension/support/processes/paths.ts";
import { startExtensionStack } from "../../extension/support/extension-stack.ts";
import { startLocalStack } from "../../extension/support/local-stack.ts";
import type { Engine, Stack } from "../../extension/support/stack.ts";
import type { StorageEmulator } from "../../../src/local/storage/emulator.ts";
import { count, median, tableText } from "../table.ts";
import type { Table } from "../table.ts";

/*
 * Counts the reads of pending copies on the real Durable extension and on the local engine, without events:
 * `npx tsc && node test/bench/extension/reads.ts [seconds]`. It takes as long as the longest copy.
 */

export const allSeconds = [300, 45, 10, 5, 1];
const copiesEach = 10;
const bytes = 900_000;
const betweenStartsMs = 250;
/** The wait after Storage's completion, so that the app has detected it. Reads of the API would slow the hub down. */
const afterMs = 20_000;
const maxEndMs = 180_000;

/** As the management API shows it. */
type HistoryEvent = { EventType: string; FunctionName?: string; Timestamp: string };
type Copy = { id: string; path: string };
type Measured = { reads: number[]; readLagMs: number[]; settledLagMs: number[]; settles: number[] };
/** Destination's path → when Storage got a request for it. */
type Requests = { starts: Map<string, number>; reads: Map<string, number[]> };

/** Medians of ten copies per duration on both engines, and runs of settle where a fence has to pass. */
export async function measureReads(seconds: readonly number[]): Promise<Table[]> {
  const local = await startLocalStack({ events: false });
  const onLocal = await measureAll(local, seconds, (ms) => local.wait(ms)).finally(() =>
    local.close(),
  );
  await buildDurableHost();
  const azurite = await startAzurite(runFolder("bench-azurite"));
  try {
    const stack = await startExtensionStack({
      name: "reads",
      hubStorage: azurite.connection,
      events: false,
      polling: "host.json",
    });
    const onExtension = await measureAll(stack, seconds, (ms) => pause(ms)).finally(() =>
      stack.close(),
    );
    return [readTable(seconds, onExtension, onLocal), fenceTable(onExtension, onLocal)];
  } finally {
    await azurite.stop();
  }
}

type Result = { byDuration: Map<number, Measured>; fence: Measured };

async function measureAll(
  stack: Engine & Stack,
  seconds: readonly number[],
  wait: (ms: number) => Promise<unknown>,
): Promise<Result> {
  const requests = noteRequests(stack.emulator);
  const source = await stack.upload("inbox/film", Buffer.alloc(bytes));
  const targets = [...seconds.map((each) => `seconds-${each}`), "fence"];
  for (const target of targets) await stack.upload(`${target}/other`, Buffer.from(""));
  for (const each of seconds) stack.speeds.set(`seconds-${each}`, { bytesPerSecond: bytes / each });
  const start = async (target: string): Promise<Copy[]> => {
    const copies: Copy[] = [];
    for (let number = 0; number < copiesEach; number++) {
      const path = `${target}/${number}`;
      const { id } = await stack.start({
        source: source.url,
        destination: stack.blob(path).url,
      });
      copies.push({ id: String(id), path });
      await wait(betweenStartsMs);
    }
    return copies;
  };

  // Each start is left without a response, and an abort arrives: settle must wait until no start can be in flight.
  stack.emulator.faults.add({
    operation: "CopyBlob",
    match: ({ target }) => target.includes("/fence/"),
    do: "reset connection",
  });
  const fenced = await start("fence");
  for (const { id } of fenced) await stack.abort(id);
  const started = new Map<number, Copy[]>();
  for (const each of seconds) started.set(each, await start(`seconds-${each}`));
  await wait(Math.max(...seconds, 60) * 1_000 + afterMs);

  const byDuration = new Map<number, Measured>();
  for (const [each, copies] of started) {
    byDuration.set(each, await measureCopies(stack, requests, copies, "succeeded", each * 1_000));
  }
  const fence = await measureCopies(stack, requests, fenced, "aborted", NaN);
  return { byDuration, fence };
}

async function measureCopies(
  stack: Engine & Stack,
  { starts, reads }: Requests,
  copies: readonly Copy[],
  status: string,
  durationMs: number,
): Promise<Measured> {
  const measured: Measured = { reads: [], readLagMs: [], settledLagMs: [], settles: [] };
  for (const { id, path } of copies) {
    const copy = await stack.untilEnded(id, maxEndMs);
    if (copy.status !== status)
      throw new Error(`${path} is ${copy.status}: ${copy.error?.message}`);
    measured.reads.push(copy.statusReads);
    const { json } = await stack.manage(
      "GET",
      `instances/${encodeURIComponent(id)}?showHistory=true`,
    );
    const events = json.historyEvents as HistoryEvent[];
    measured.settles.push(
      events.filter(
        ({ EventType, FunctionName }) =>
          EventType === "TaskCompleted" && /settle/i.test(FunctionName ?? ""),
      ).length,
    );
    const ended = (starts.get(path) ?? NaN) + durationMs;
    const firstRead = reads.get(path)?.find((at) => at >= ended) ?? NaN;
    measured.readLagMs.push(firstRead - ended);
    const last = Math.max(...events.map(({ Timestamp }) => Date.parse(Timestamp)));
    measured.settledLagMs.push(last - ended);
  }
  return measured;
}

/** The emulator keeps only its latest 1,000 requests. */
function noteRequests(emulator: StorageEmulator): Requests {
  const noted: Requests = { starts: new Map(), reads: new Map() };
  const requests = emulator.requests as StorageEmulator["requests"][number][];
  const push = requests.push.bind(requests);
  requests.push = (...entries) => {
    for (const { at, operation, status, url } of entries) {
      const path = new URL(url, "http://storage").pathname.split("/").slice(2).join("/");
      if (operation === "CopyBlob" && status === 202) noted.starts.set(path, at);
      if (operation === "GetBlobProperties" && status === 200) {
        noted.reads.set(path, [...(noted.reads.get(path) ?? []), at]);
      }
    }
    return push(...entries);
  };
  return noted;
}

function readTable(seconds: readonly number[], extension: Result, local: Result): Table {
  const middle = (result: Result, each: number, part: keyof Measured) =>
    median(result.byDuration.get(each)?.[part] ?? []);
  const ascending = seconds.toSorted((a, b) => a - b);
  return {
    title: `Reads and lag of pending copies without events, medians of ${copiesEach}`,
    columns: [
      "",
      "reads, extension",
      "reads, local engine",
      "read after the end, extension",
      "read after the end, local engine",
      "instance ended, extension",
      "instance ended, local engine",
    ],
    rows: ascending.map((each) => [
      `${each} s`,
      ...(["reads", "readLagMs", "settledLagMs"] as const).flatMap((part) =>
        [extension, local].map((result) => {
          const value = middle(result, each, part);
          return part === "reads" ? count(value) : `${(value / 1_000).toFixed(1)} s`;
        }),
      ),
    ]),
    notes: [
      "host.json: 4 partitions, polling at most every 5 s; Azurite. Seconds after Storage's completion: the first read that found it, and the end of the instance.",
    ],
  };
}

function fenceTable(extension: Result, local: Result): Table {
  const all = [extension, local].map(({ fence }) => fence.settles);
  return {
    title: `Runs of settle where a fence has to pass, ${copiesEach} copies`,
    columns: ["", "extension", "local engine"],
    rows: [
      ["median", ...all.map((settles) => count(median(settles)))],
      ["most", ...all.map((settles) => count(Math.max(...settles)))],
    ],
    notes: ["Storage gets no start, and the copy is aborted."],
  };
}

if (import.meta.main) {
  const chosen = process.argv.slice(2).map(Number);
  for (const table of await measureReads(chosen.length > 0 ? chosen : allSeconds)) {
    console.log(tableText(table));
  }
}
