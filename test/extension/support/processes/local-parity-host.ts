import { join } from "node:path";
import { systemClock } from "../../../../src/local/clock.ts";
import { startFunctionsHost } from "../../../../src/local/host/host.ts";

/* The small app on the local engine in a separate process, with the copy of the sources that contains this file. */

const host = await startFunctionsHost({
  appDirectory: join(import.meta.dirname, "../../parity/app"),
  clock: systemClock(),
  port: 0,
  stateFile: ":memory:",
  environment: { TASKHUB_NAME: "Parity" },
  log: () => {},
});
process.stdout.write(`ready ${host.url}\n`);
