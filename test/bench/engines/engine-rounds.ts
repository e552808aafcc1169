import { durabletaskInMemory } from "./durabletask-engine.ts";
import { ferryEngine } from "./ferry-engine.ts";
import { type Contestant, type PollingLoad, type Measurement, countTurns } from "./polling.ts";
import { count, median, type Table } from "../table.ts";

const rounds = 5; // odd, for the median

/** Few and many polls: the cost of a turn grows with the history that it replays. */
const runs: readonly PollingLoad[] = [
  { instances: 500, polls: 3 },
  { instances: 50, polls: 25 },
];

/**
 * Runs the same orchestrations on every engine, in alternation, so that other load on the machine
 * affects all engines equally. The first round warms up the compiler and does not count.
 */
export async function compareEngines(): Promise<Table> {
  const engines = [ferryEngine("on disk"), ferryEngine("in memory"), durabletaskInMemory];
  const rows: string[][] = [];
  for (const run of runs) {
    const rates = engines.map((): number[] => []);
    for (let round = 0; round <= rounds; round++) {
      for (const [index, engine] of engines.entries()) {
        const rate = await turnRate(engine, run);
        if (round > 0) rates[index]?.push(rate);
      }
    }
    const medians = rates.map(median);
    const reference = medians.at(-1) ?? Number.NaN;
    for (const [index, rate] of medians.entries()) {
      const of = rates[index] ?? [];
      rows.push([
        engines[index]?.name ?? "",
        count(run.instances),
        count(run.polls),
        count(countTurns(run)),
        count(Math.round(rate)),
        `${count(Math.round(Math.min(...of)))} - ${count(Math.round(Math.max(...of)))}`,
        (rate / reference).toFixed(2),
      ]);
    }
  }
  return {
    title: "Durable engine against @microsoft/durabletask-js with its in-memory backend",
    columns: ["engine", "instances", "polls", "turns", "turns/s", "lowest - highest", "ratio"],
    rows,
    notes: [
      `Median of ${rounds} rounds, the engines alternating in one process. Every instance calls an activity, then once a poll races a timer that is due immediately against an event that never comes, and calls the activity again. Turns are counted in the orchestrator. Ratio: turns/s over those of durabletask-js; above 1 is faster.`,
      "Differences: Ferry's engine runs the published durable-functions and @azure/functions libraries unmodified, through the JSON protocol of the Durable extension, and commits each turn, completion and timer to SQLite; on disk all of it survives kill -9. durabletask-js keeps live objects in one process, writes nothing, and forgets everything at the end; its log is discarded. Both run on one thread.",
    ],
  };
}

/** Turns per second. Throws if the engine took a different number of turns than the orchestration has. */
async function turnRate(engine: Contestant, run: PollingLoad): Promise<number> {
  const { turns, milliseconds }: Measurement = await engine.run(run);
  if (turns !== countTurns(run)) {
    throw new Error(`${engine.name} took ${turns} turns, expected ${countTurns(run)}`);
  }
  return (turns / milliseconds) * 1_000;
}
