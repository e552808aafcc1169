import { styleText } from "node:util";
import { systemClock } from "./clock.ts";
import { terminalLog } from "./log.ts";
import { startLocalStack } from "./local-stack.ts";
import type { CopySettings } from "./storage/pending-copies/copy-settings.ts";

/* `npm start`: runs the Storage emulator and the app on the Functions host until Ctrl-C or SIGTERM. */

const appDirectory = process.cwd();
let stopping = false;
let stateLost = false;
/** The maximum time in ms for a stop after the state was lost, because running work may then never finish. */
const maxStopMs = 5_000;
const clock = systemClock();
const started = startLocalStack({
  appDirectory,
  stateDirectory: ".local",
  clock,
  functionsPort: port("FUNCTIONS_PORT", 7071),
  blobPort: port("BLOB_PORT", 10_000),
  filePort: port("FILE_PORT", 10_003),
  log: terminalLog(process.stdout),
  copies: { bytesPerSecond: bytesPerSecond(), ...finishOnStart() },
  events: {},
  onStateLost: stopFailed,
});
// Work that runs when the state is lost fails in many places; the log has the cause.
process.on("uncaughtException", (error) => {
  if (stateLost) return;
  console.error(error);
  process.exit(1);
});
const stack = await started.catch((error: unknown) => {
  fail(error instanceof Error ? error.message : String(error));
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    console.log(
      "Stopping: running work is finished, no new work is started. Copies continue at the next start",
    );
    void stack.close().then(() => process.exit(stateLost ? 1 : 0));
  });
}

console.log(`
Press Ctrl-C to stop. State is kept in .local/; delete that folder to start over

Storage emulator  ${stack.emulator.blobUrl}/devstoreaccount1 (and devstoreaccount2)
Storage files     ${stack.emulator.fileUrl}/devstoreaccount1 (and devstoreaccount2)
Copies            ${stack.host.url}/api/copies
Dashboard         ${stack.host.url}/api/dashboard
Command line      FERRY_URL=${stack.host.url} npx --no-install ferry --help`);

/** Logs the reason, then stops with exit code 1. */
function stopFailed(): void {
  stateLost = true;
  const exit = () => process.exit(1);
  clock.schedule(clock.now() + maxStopMs, exit);
  if (stopping) return;
  stopping = true;
  void started.then((running) => running.close()).then(exit, exit);
}

function port(name: string, fallback: number): number {
  const isPort = (value: number) => Number.isInteger(value) && value >= 0 && value < 65_536;
  return number(name, fallback, isPort, "a port, or 0 for any free port");
}

/** How fast the emulator copies; COPY_RATE is bytes per second. */
function bytesPerSecond(): number {
  return number("COPY_RATE", 8 * 1_024 * 1_024, (value) => value > 0, "bytes per second, above 0");
}

/**
 * Which copies finish in the response to their start, as small copies within one account do in recordings of
 * the service; COPY_FINISH_ON_START_BYTES is their maximum length in bytes, 0 for none.
 */
function finishOnStart(): Pick<CopySettings, "finishOnStart" | "maxFinishOnStartBytes"> {
  const name = "COPY_FINISH_ON_START_BYTES";
  const isLength = (value: number) => Number.isInteger(value) && value >= 0;
  const maxBytes = number(name, 0, isLength, "a whole number of bytes, 0 for none");
  if (maxBytes === 0) return { finishOnStart: "never" };
  return { finishOnStart: "same-account", maxFinishOnStartBytes: maxBytes };
}

function number(
  name: string,
  fallback: number,
  isValid: (value: number) => boolean,
  expected: string,
): number {
  const text = process.env[name];
  if (text === undefined || text === "") return fallback;
  const value = Number(text);
  return isValid(value) ? value : fail(`${name} must be ${expected}: "${text}"`);
}

function fail(message: string): never {
  console.error(styleText("red", message));
  process.exit(1);
}
