import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { historiesFolder, readRecording, writeRecording } from "../replay/recording.ts";
import type { Recording } from "../replay/recording.ts";
import { scenarios } from "../replay/scenarios.ts";
import type { Scenario } from "../replay/scenarios.ts";
import { openStack, secondAccount } from "../support/stack/test-stack.ts";
import { startAzurite } from "./support/processes/azurite.ts";
import { startExtensionStack } from "./support/extension-stack.ts";
import { buildDurableHost } from "./support/processes/global-setup.ts";
import { runFolder } from "./support/processes/paths.ts";
import { realTimeWorld, timeScale } from "./support/real-time-world.ts";
import { recordedHistory } from "./support/recorded-history.ts";

/*
 * Records the histories of a release on the real Durable extension, before it is deployed:
 * `npx tsc && npx node test/extension/record.ts v2 [scenarios]`. Copies are ten times as fast as in virtual time. A
 * scenario that still waits for longer than two minutes, or that needs the app in this process, is recorded from the
 * local engine. A history that exists is not written again, because running copies of that release depend on it.
 */
const onlyLocal = new Set([
  "activity-that-could-not-run", // changes the host's log
  "event-that-waits-for-its-source", // lists all instances of a hub that is new in virtual time
  "notified-after-retries",
  "repair-that-notifies",
  "settle-gives-up",
  "stale-plan-too-often",
  "transient-failures-then-success",
  "two-weeks",
  "unanswered-start-recovered",
  "unanswered-start-recovered-while-settling",
]);

const [release = "", ...chosen] = process.argv.slice(2);
if (!/^v\d+$/.test(release)) {
  throw new Error(`Cannot record because a release must be named, such as v2: "${release}"`);
}
const target = join(process.env["HISTORIES"] ?? historiesFolder, release);
mkdirSync(target, { recursive: true });
await buildDurableHost();
let failed = 0;
const azurite = await startAzurite(runFolder("azurite"));
for (const [name, scenario] of Object.entries(scenarios)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  if (existsSync(join(target, `${name}.jsonl`))) continue;
  const isLocal = onlyLocal.has(name);
  const recorded = await (isLocal ? recordLocally : recordReally)(name, scenario).catch(
    (error: unknown) => {
      console.error(error);
      failed++;
    },
  );
  if (recorded === undefined) continue;
  writeRecording(target, recorded.recording, recorded.emulatorUrl);
  const engine = isLocal ? "local engine" : "extension";
  console.log(`${name}: ${recorded.recording.events.length} events, ${engine}`);
}
await azurite.stop();
process.exit(failed === 0 ? 0 : 1);

type Recorded = { recording: Recording; emulatorUrl: string };

async function recordReally(name: string, scenario: Scenario): Promise<Recorded> {
  const folder = runFolder(`record-${name}`);
  const { copies, environment, settings, play } = scenario;
  const stack = await startExtensionStack({
    name: `record-${name}`,
    hubStorage: azurite.connection,
    environment: {
      RECORD_FOLDER: folder,
      ...settings,
      ...environment,
      COPY_SECRET_KEYS: randomBytes(32).toString("base64"),
      COPY_WATCHDOG: "*/10 * * * * *",
    },
    allowedSources: [secondAccount],
  });
  try {
    const { bytesPerSecond = Infinity } = copies ?? {};
    const speed = { ...copies, bytesPerSecond: bytesPerSecond * timeScale };
    for (const container of ["archive", "inbox"]) stack.speeds.set(container, speed);
    await stack.upload("archive/other", Buffer.from("so that the container exists"));
    const instanceId = await play(realTimeWorld(stack));
    const recording = await recordedHistory(stack, { folder, scenario: name, instanceId });
    return { recording, emulatorUrl: stack.emulator.blobUrl };
  } catch (error) {
    throw new Error(`Cannot record ${name}: ${String(error)}\n${stack.logs()}`, { cause: error });
  } finally {
    await stack.close();
  }
}

async function recordLocally(name: string, { play, ...options }: Scenario): Promise<Recorded> {
  const world = await openStack({ persistent: true, ...options });
  try {
    const instanceId = await play(world);
    const taskHub = join(world.stateDirectory ?? "", "task-hub.sqlite");
    const recording = readRecording(taskHub, { scenario: name, instanceId });
    return { recording, emulatorUrl: world.local.emulator.blobUrl };
  } finally {
    await world.close();
  }
}
