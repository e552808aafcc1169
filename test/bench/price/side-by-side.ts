import { count, type Table } from "../table.ts";
import {
  checkCopies,
  ferry,
  hasRclone,
  plainLoop,
  prepareBlobs,
  rclone,
  storageOf,
  type Contestant,
  type Load,
} from "./contestants.ts";
import type { PriceOptions } from "./options.ts";
import { openPriceStack, type PriceStack } from "./stack.ts";

/** The contestants copy in turns, one folder each, so that other load on the machine affects all of them. */
const rounds = 4;
const warmUp = { copies: 400, atATime: 32, ends: "in its start" } as const;
const goals = { perSecond: 40, plainPerFerry: 10, ferryPerRclone: 1.3 };

/** Whether a copy ends in the response to its start, as small ones do in recordings of Azure, or is pending first. */
type Case = { copies: number; atATime: number; ends: "in its start" | "soon after" };
const cases: readonly Case[] = [
  { copies: 1_000, atATime: 1, ends: "in its start" },
  { copies: 1_000, atATime: 32, ends: "in its start" },
  { copies: 1_000, atATime: 32, ends: "soon after" },
];
const fullCases: readonly Case[] = [
  { copies: 10_000, atATime: 1, ends: "in its start" },
  { copies: 10_000, atATime: 32, ends: "in its start" },
  { copies: 10_000, atATime: 32, ends: "soon after" },
];
type Entrant = { contestant: Contestant; stack: PriceStack; container: string };
/** Copies per second; null where there is no such contestant. */
type Rates = { plain: number; rclone: number | null; other: number | null; ferry: number };
/** `processorMs` is that of the app's process, per copy. */
type Measured = Case & { rates: Rates; processorMs: number };

/** Small blobs within one account: Ferry, a plain loop over the SDK, and rclone. */
export async function compareSideBySide(
  options: PriceOptions,
  runs = options.isFull ? [...cases, ...fullCases] : cases,
): Promise<Table> {
  const stack = await openPriceStack(options.build);
  const other = options.otherBuild === null ? null : await openPriceStack(options.otherBuild);
  try {
    const addresses = stack.emulator.ready;
    const entrants = {
      plain: { contestant: plainLoop(storageOf(addresses)), stack, container: "plain" },
      rclone: hasRclone() ? { contestant: rclone(addresses), stack, container: "rclone" } : null,
      other: other && { contestant: ferry(other), stack: other, container: "ferry" },
      ferry: { contestant: ferry(stack), stack, container: "ferry" },
    };
    const measure = async (run: Case): Promise<Measured> => {
      const folders = Array.from({ length: rounds }, (_, round) => `${run.copies}-${round}`);
      const copies = run.copies / rounds;
      for (const { emulator } of [stack, ...(other === null ? [] : [other])]) {
        await prepareBlobs(storageOf(emulator.ready), folders, copies);
        const value = run.ends === "in its start" ? "same-account" : "never";
        await emulator.order({ kind: "copies", settings: { finishOnStart: value } });
      }
      const seconds = { plain: 0, rclone: 0, other: 0, ferry: 0 };
      let processorMs = 0;
      for (const folder of folders) {
        for (const [name, entrant] of entriesOf(entrants)) {
          if (entrant === null) continue;
          const target = `${entrant.container}/${run.atATime}-at-a-time-${run.ends.replaceAll(" ", "-")}`;
          const took = await copyAndCheck(entrant, {
            folder,
            copies,
            target,
            atATime: run.atATime,
          });
          seconds[name] += took.seconds;
          if (name === "ferry") processorMs += took.processorMs;
        }
      }
      const rate = (name: keyof Rates) => run.copies / seconds[name];
      return {
        ...run,
        rates: {
          plain: rate("plain"),
          rclone: entrants.rclone && rate("rclone"),
          other: entrants.other && rate("other"),
          ferry: rate("ferry"),
        },
        processorMs: processorMs / run.copies,
      };
    };
    await measure(warmUp);
    const measured: Measured[] = [];
    for (const run of runs) measured.push(await measure(run));
    return resultTable(measured);
  } finally {
    await other?.close();
    await stack.close();
  }
}

async function copyAndCheck(
  { contestant, stack }: Entrant,
  load: Load,
): Promise<{ seconds: number; processorMs: number }> {
  const before = await stack.app.processorMs();
  const begun = performance.now();
  await contestant(load);
  const seconds = (performance.now() - begun) / 1_000;
  const after = await stack.app.processorMs();
  await checkCopies(storageOf(stack.emulator.ready), load);
  return { seconds, processorMs: after - before };
}

/** `Object.entries` with the names of the keys, which are all its keys here. */
function entriesOf<Name extends string, Value>(record: Record<Name, Value>): [Name, Value][] {
  return Object.entries(record) as [Name, Value][];
}

function resultTable(measured: readonly Measured[]): Table {
  const shown = (value: number | null) => (value === null ? "–" : count(value));
  return {
    title: "Small blobs within one account, copies per second",
    columns: [
      "copies",
      "at a time",
      "a copy ends",
      "plain loop",
      "rclone",
      "other build",
      "Ferry",
      "Ferry : plain",
      "Ferry / rclone",
      "Ferry / other",
      "processor",
    ],
    rows: measured.map(({ copies, atATime, ends, rates, processorMs }) => [
      count(copies),
      count(atATime),
      ends,
      count(rates.plain),
      shown(rates.rclone),
      shown(rates.other),
      count(rates.ferry),
      `1 : ${count(rates.plain / rates.ferry)}`,
      shown(rates.rclone && rates.ferry / rates.rclone),
      shown(rates.other && rates.ferry / rates.other),
      `${count(processorMs)} ms`,
    ]),
    notes: [
      `The emulator runs in a separate process for every contestant, with its state on disk; the app is another process. The contestants take turns, with ${rounds} folders each. The plain loop sends one request for a copy, polls a pending one every 0.1 s, and stores nothing. A copy of Ferry counts from its request to the end of its orchestration. Processor: time of the app's process, with the local host and its task hub, per copy.`,
      "Copies that end soon after their start are pending for less than 1 ms, so the time of each client's first poll decides: rclone polls after 1 s, Ferry immediately, because the copies are small.",
      ...(measured.some(({ rates }) => rates.rclone === null)
        ? ["rclone is not installed."]
        : ["rclone: one process for each folder, with as many transfers and checkers."]),
      ...measured.filter(({ atATime }) => atATime > 1).map(goalText),
    ],
  };
}

function goalText({ copies, atATime, ends, rates }: Measured): string {
  const { plain, rclone, ferry } = rates;
  const met = (isMet: boolean) => (isMet ? "met" : "not met");
  const parts = [
    `at least ${goals.perSecond} copies per second on two cores: ${met(ferry >= goals.perSecond)}`,
    `at most 1 : ${goals.plainPerFerry} from the plain loop: ${met(plain / ferry <= goals.plainPerFerry)}`,
    ...(rclone === null
      ? []
      : [
          `at least ${goals.ferryPerRclone} times rclone: ${met(ferry / rclone >= goals.ferryPerRclone)}`,
        ]),
  ];
  return `Goals for ${count(copies)} copies, ${atATime} at a time, that end ${ends}: ${parts.join("; ")}.`;
}
