import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { findChromium, noChromium } from "../../browser/support/chromium.ts";
import { count, type Table } from "../table.ts";

const copies = 10_000;
const rounds = 5;
const steps = 600;
/** A page that is busy for longer does not respond in time. */
const goalMs = 100;

/** The longest task of the dashboard while a script scrolls through 10,000 loaded copies. Throws if it is too long. */
export function measureScrolling(): Table {
  const title = `Scrolling through ${count(copies)} copies on the dashboard`;
  if (findChromium() === null) {
    return { title, columns: ["skipped"], rows: [], notes: [`Skipped because ${noChromium}`] };
  }
  const measured = measure();
  const longest = measured.map(({ longTasks }) => Math.max(0, ...longTasks));
  // Other work on the machine only adds to a round.
  const best = Math.min(...longest);
  if (best >= goalMs) {
    throw new Error(`The longest task in the best of ${rounds} rounds took ${best} ms`);
  }
  const text = (ms: number) => (ms === 0 ? "below 50 ms" : `${ms.toFixed(0)} ms`);
  const maxRows = Math.max(...measured.map((round) => round.maxRows));
  return {
    title,
    columns: ["", "measured", "goal"],
    rows: [
      ["longest task, best round", text(best), `below ${goalMs} ms`],
      ["longest task, worst round", text(Math.max(...longest)), ""],
      ["rows at the same time, at most", count(maxRows), ""],
    ],
    notes: [
      `${rounds} rounds of ${steps} steps, one for each frame, to the end of the list and back. The browser reports tasks of 50 ms and more.`,
    ],
  };
}

/** Another process measures, because code for browsers has other types. */
function measure(): { longTasks: number[]; maxRows: number }[] {
  const script = join(import.meta.dirname, "../../browser/scrolling.ts");
  const numbers = [copies, rounds, steps].map(String);
  const { status, stdout } = spawnSync(process.execPath, [script, ...numbers], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error("Cannot measure the dashboard: see the error above");
  return JSON.parse(stdout); // the script's own output
}
