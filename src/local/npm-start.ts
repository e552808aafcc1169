import { styleText } from "node:util";
import { systemClock } from "./clock.ts";
import { terminalLog } from "./log.ts";
import { startLocalWorld } from "./local-stack.ts";

/** `npm start`: the Storage emulator and the app on the Functions host, until Ctrl-C or SIGTERM. */
const appDirectory = process.cwd();
const world = await startLocalWorld({
  appDirectory,
  stateDirectory: ".local",
  clock: systemClock(),
  functionsPort: port("FUNCTIONS_PORT", 7071),
  blobPort: port("BLOB_PORT", 10_000),
  filePort: port("FILE_PORT", 10_003),
  log: terminalLog(process.stdout),
  copies: { bytesPerSecond: bytesPerSecond() },
  events: {},
}).catch((error: unknown) => {
  fail(error instanceof Error ? error.message : String(error));
});

console.log(`
Runs until Ctrl-C; state is kept in .local/, delete it to begin anew

Storage emulator  ${world.emulator.blobUrl}/devstoreaccount1 (and devstoreaccount2)
Storage files     ${world.emulator.fileUrl}/devstoreaccount1 (and devstoreaccount2)
Copies            ${world.host.url}/api/copies`);

let ending = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (ending) return;
    ending = true;
    console.log(
      "Ending: no new work is taken, what runs is finished; copies go on at the next start",
    );
    void world.close().then(() => process.exit(0));
  });
}

function port(name: string, usual: number): number {
  const isPort = (value: number) => Number.isInteger(value) && value >= 0 && value < 65_536;
  return number(name, usual, isPort, "a port, or 0 for any free one");
}

/** How fast the emulator copies; COPY_RATE is bytes per second. */
function bytesPerSecond(): number {
  return number("COPY_RATE", 8 * 1_024 * 1_024, (value) => value > 0, "bytes per second, above 0");
}

function number(
  name: string,
  usual: number,
  isValid: (value: number) => boolean,
  what: string,
): number {
  const text = process.env[name];
  if (text === undefined || text === "") return usual;
  const value = Number(text);
  return isValid(value) ? value : fail(`${name} must be ${what}: "${text}"`);
}

function fail(message: string): never {
  console.error(styleText("red", message));
  process.exit(1);
}
