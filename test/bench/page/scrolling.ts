import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { findChromium, noChromium } from "../../browser/support/chromium.ts";
import { count, type Table } from "../table.ts";

const copies = 10_000;
const rounds = 3;
const steps = 300;
/** A page that is busy for longer does not respond in time. */
const goalMs = 100;

/** The longest task of the dashboard while a script scrolls through 10,000 loaded copies. Throws if it is too long. */
export function measureScrolling(): Table {
  const title = `Scrolling through ${count(copies)} copies on the dashboard`;
  if (findChromium() === null) {
    return { title, columns: ["skipped"], rows: [], notes: [`Skipped because ${noChromium}`] };
  }
  const measured = measure();
  const longest = Math.max(...measured.map(({ processorMs }) => processorMs));
  if (longest >= goalMs) throw new Error(`The longest task took ${longest} ms of processor time`);
  const times = measured.map(({ longestMs }) => longestMs);
  const text = (ms: number) => (ms === 0 ? "below 50 ms" : `${ms.toFixed(0)} ms`);
  return {
    title,
    columns: ["", "measured", "goal"],
    rows: [
      ["longest task, processor time", text(longest), `below ${goalMs} ms`],
      ["longest task, best round", text(Math.min(...times)), ""],
      ["longest task, worst round", text(Math.max(...times)), ""],
      ["rows at the same time", count(Math.max(...measured.map(({ maxRows }) => maxRows))), ""],
    ],
    notes: [
      `${rounds} rounds of ${steps} steps, one for each frame, to the end of the list and back. Other work on the machine lengthens a round, but not the processor time.`,
    ],
  };
}

/** Another process measures, because code for browsers has other types. */
function measure(): { longestMs: number; processorMs: number; maxRows: number }[] {
  const script = join(import.meta.dirname, "../../browser/scrolling.ts");
  const numbers = [copies, rounds, steps].map(String);
  const { status, stdout } = spawnSync(process.execPath, [script, ...numbers], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error("Cannot measure the dashboard: see the error above");
  return JSON.parse(stdout); // the script's own output
}
