import { hasRclone } from "../price/contestants.ts";
import type { PriceOptions } from "../price/options.ts";
import { openPriceStack, type PriceStack } from "../price/stack.ts";
import { count, type Table } from "../table.ts";
import {
  atATime,
  checkLoad,
  clientsOf,
  ferryJob,
  listingLoop,
  plainLoop,
  prepareInbox,
  rcloneCopy,
  singleCopies,
  type JobContestant,
  type JobLoad,
} from "./job-contestants.ts";

/** Across accounts, copies complete in their start; pending ones are copied by Copy Blob within an account. */
type Case = { title: string; pendingMs: number; maxRequests: number };
const cases: readonly Case[] = [
  { title: "to another account", pendingMs: 0, maxRequests: 1.01 },
  { title: "pending for 5 s", pendingMs: 5_000, maxRequests: 1.02 },
];
/** The minimum of the job's rate, relative to others. */
const minOfPlain = 0.7;
const minOfRclone = 5;

/** How many copies a contestant makes; its rate is compared with that of the job. */
const blobs = { full: 10_000, small: 2_000 };
const singles = { full: 1_000, small: 200 };
/** With 32 pending copies at a time, each of 5 s, a contestant that waits for them makes at most 6.4 in a second. */
const waited = { full: 640, small: 128 };

/** `clientMs` is the processor time for each copy of the process that copies; null for rclone. */
type Measured = {
  name: string;
  copies: number;
  perSecond: number;
  requests: number;
  clientMs: number | null;
};

/** A job against a plain loop over the SDK, rclone, and single copies. */
export async function* compareJobs({ build, isFull }: PriceOptions): AsyncGenerator<Table> {
  for (const each of cases) yield await compareCase(each, build, isFull ? "full" : "small");
}

async function compareCase(each: Case, build: string, size: "full" | "small"): Promise<Table> {
  const stack = await openPriceStack(build);
  try {
    const storage = clientsOf(stack);
    await prepareInbox(storage, blobs[size]);
    const isPending = each.pendingMs > 0;
    await stack.emulator.order({
      kind: "copies",
      settings: {
        // Azure completes only copies within an account in their start: "Copy Blob" between accounts is asynchronous.
        finishOnStart: isPending ? "never" : "same-account",
        startDelayMs: each.pendingMs,
      },
    });
    const load = { isFar: !isPending, isPending };
    const many = isPending ? waited[size] : blobs[size];
    const measured: Measured[] = [];
    const own = async () => (process.cpuUsage().user + process.cpuUsage().system) / 1_000;
    const app = () => stack.app.processorMs();
    for (const [name, contestant, copies, client] of [
      ["the plain loop", plainLoop, many, own],
      ["the loop that lists", isPending ? null : listingLoop, many, own],
      ["rclone", hasRclone() ? rcloneCopy : null, isPending ? many : singles[size], null],
      ["single copies of Ferry", singleCopies(stack), singles[size], app],
      ["a job of Ferry", ferryJob(stack), blobs[size], app],
    ] as const) {
      if (contestant === null) continue;
      const target = name.replaceAll(" ", "-");
      const entrant = { name, contestant, client };
      measured.push(await measure(stack, entrant, { ...load, copies, target }));
    }
    return resultTable(each, measured);
  } finally {
    await stack.close();
  }
}

/** `client` returns the processor time so far of the process that copies (ms). */
type Entrant = {
  name: string;
  contestant: JobContestant;
  client: (() => Promise<number>) | null;
};

async function measure(
  stack: PriceStack,
  { name, contestant, client }: Entrant,
  load: JobLoad,
): Promise<Measured> {
  const storage = clientsOf(stack);
  const requestsBefore = Number(await stack.emulator.order({ kind: "requests" }));
  const clientBefore = client && (await client());
  const begun = performance.now();
  await contestant(storage, load);
  const seconds = (performance.now() - begun) / 1_000;
  const clientMs = client && clientBefore !== null ? (await client()) - clientBefore : null;
  const requests = Number(await stack.emulator.order({ kind: "requests" })) - requestsBefore;
  await checkLoad(storage, load);
  const { copies } = load;
  return {
    name,
    copies,
    perSecond: copies / seconds,
    requests: requests / copies,
    clientMs: clientMs && clientMs / copies,
  };
}

function resultTable(
  { title, pendingMs, maxRequests }: Case,
  measured: readonly Measured[],
): Table {
  const rateOf = (name: string) => measured.find((each) => each.name === name)?.perSecond ?? null;
  const job = rateOf("a job of Ferry") ?? 0;
  const met = (isMet: boolean) => (isMet ? "met" : "not met");
  const goals = [
    ["the plain loop", minOfPlain],
    ["the loop that lists", minOfPlain],
    ["rclone", minOfRclone],
  ] as const;
  const results = goals.flatMap(([name, min]) => {
    const rate = rateOf(name);
    return rate === null ? [] : [`at least ${min} times ${name}: ${met(job / rate >= min)}`];
  });
  const requests = measured.at(-1)?.requests ?? Infinity;
  return {
    title: `Small blobs ${title}: ${atATime} copies at a time`,
    columns: ["", "copies", "copies per second", "the job / this", "requests", "processor"],
    rows: measured.map(({ name, copies, perSecond, requests: sent, clientMs }) => [
      name,
      count(copies),
      count(perSecond),
      count(job / perSecond),
      sent.toFixed(3),
      clientMs === null ? "–" : `${clientMs.toFixed(2)} ms`,
    ]),
    notes: [
      "The emulator runs in a separate process, with its state on disk, for all contestants in turn; the app is another process. Requests for each copy are counted by the emulator: those of the ledger are included. Processor: time for each copy of the process that copies; the app's includes the local host and its task hub.",
      pendingMs > 0
        ? "Copy Blob within an account. The plain loop and rclone wait for each copy before they start another one in its place; a job starts the next ones, and polls by listing."
        : "Copy Blob From URL with a SAS of the container, which ends in its response; rclone sends Copy Blob, which is pending for less than 1 ms, and polls it after 1 s.",
      `Goals: ${results.join("; ")}; at most ${maxRequests} requests for each object: ${met(requests <= maxRequests)}.${hasRclone() ? "" : " rclone is not installed."}`,
    ],
  };
}
