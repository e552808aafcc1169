import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { openStack } from "../support/stack/test-stack.ts";
import { historiesFolder, readRecording, writeRecording } from "./recording.ts";
import { scenarios } from "./scenarios.ts";

/**
 * Records the histories of a release before it is deployed: `npx tsc && npx node test/replay/record.ts v2`.
 * The real app runs each scenario in virtual time. An existing folder is never overwritten, because
 * it holds the histories of running copies of that release.
 */
const release = process.argv[2] ?? "";
const folder = join(historiesFolder, release);
if (!/^v\d+$/.test(release) || existsSync(folder)) {
  throw new Error(`Cannot record because a new release must be named, such as v2: "${release}"`);
}
mkdirSync(folder);
for (const [scenario, { play, ...options }] of Object.entries(scenarios)) {
  const stack = await openStack({ persistent: true, ...options });
  try {
    const instanceId = await play(stack);
    const taskHub = join(stack.stateDirectory ?? "", "task-hub.sqlite");
    const recording = readRecording(taskHub, { scenario, instanceId });
    writeRecording(folder, recording, stack.local.emulator.blobUrl);
    console.log(`${scenario}: ${recording.events.length} events`);
  } finally {
    await stack.close();
  }
}
