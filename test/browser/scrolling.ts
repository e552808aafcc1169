import { chromium } from "playwright-core";
import { systemClock } from "../../src/local/clock.ts";
import { startLocalStack } from "../../src/local/local-stack.ts";
import { findChromium, hasSandbox, noChromium } from "./support/chromium.ts";
import { scrollThrough, serveCopies } from "./support/many-copies.ts";

/*
 * Measures the dashboard while a script scrolls through many loaded copies, and prints the measurements as JSON. Its
 * arguments are the numbers of copies, of rounds and of steps in a round. `npm run bench` runs it.
 */

const [copies = 0, rounds = 0, steps = 0] = process.argv.slice(2).map(Number);
const executablePath = findChromium();
if (executablePath === null) throw new Error(`Cannot measure the dashboard because ${noChromium}`);
const stack = await startLocalStack({
  appDirectory: process.cwd(),
  stateDirectory: null,
  clock: systemClock(),
  functionsPort: 0,
  blobPort: 0,
  log({ level, subject, message }) {
    if (level === "error" || level === "critical") console.error(`${subject} ${message}`);
  },
});
const browser = await chromium.launch({ executablePath, chromiumSandbox: hasSandbox });
try {
  const page = await browser.newPage({ viewport: { width: 1_360, height: 800 } });
  await serveCopies(page, copies);
  await page.goto(`${stack.host.url}/api/dashboard`);
  await page.getByRole("button", { name: /^Load up to/ }).click();
  await page.getByText(`${copies.toLocaleString("en")} copies loaded; that is all`).waitFor();
  const measured = [];
  for (let round = 0; round < rounds; round++) {
    await browser.startTracing(page, { categories: ["disabled-by-default-devtools.timeline"] });
    const { longTasks, maxRows } = await scrollThrough(page, steps);
    const trace = String(await browser.stopTracing());
    const processorMs = longestTask(JSON.parse(trace)); // Chromium's own format
    measured.push({ longestMs: Math.max(0, ...longTasks), processorMs, maxRows });
  }
  console.log(JSON.stringify(measured));
} finally {
  await browser.close();
  await stack.close();
}

type Trace = {
  traceEvents: {
    name: string;
    pid: number;
    tid: number;
    tdur?: number;
    args?: { name?: string };
  }[];
};

/** The longest task of a page's main thread, in processor time (ms), which other work on the machine does not change. */
function longestTask({ traceEvents }: Trace): number {
  const isMain = ({ name, args }: Trace["traceEvents"][number]) =>
    name === "thread_name" && args?.name === "CrRendererMain";
  const main = new Set(traceEvents.filter(isMain).map(({ pid, tid }) => `${pid} ${tid}`));
  const tasks = traceEvents.filter(
    ({ name, pid, tid }) => name === "RunTask" && main.has(`${pid} ${tid}`),
  );
  if (tasks.length === 0) throw new Error("Cannot measure because the trace has no task");
  return tasks.reduce((longest, { tdur = 0 }) => Math.max(longest, tdur), 0) / 1_000;
}
