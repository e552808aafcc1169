import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Clock, systemClock } from "../../src/local/clock.ts";
import { type FunctionsHost, startFunctionsHost } from "../../src/local/host/host.ts";
import type { HostLogEntry } from "../../src/local/host/log.ts";

export type SampleHost = FunctionsHost & { log: HostLogEntry[] };

export type SampleOptions = {
  clock?: Clock;
  stateFile?: string;
  environment?: Record<string, string>;
};

/** Where a sample app is kept: test/support/sample-apps/<name>. */
export const sampleApp = (name: string) => new URL(`sample-apps/${name}`, import.meta.url).pathname;

/** Starts an app of its own kind on any free port; it is closed when the test is over. */
export async function startSample(
  appDirectory: string,
  options: SampleOptions = {},
): Promise<SampleHost> {
  const log: HostLogEntry[] = [];
  const host = await startFunctionsHost({
    appDirectory: appDirectory.includes("/") ? appDirectory : sampleApp(appDirectory),
    clock: options.clock ?? systemClock(),
    port: 0,
    stateFile: options.stateFile ?? ":memory:",
    environment: options.environment ?? {},
    log: (entry) => log.push(entry),
  });
  onTestFinished(() => host.close());
  return { ...host, log };
}

/** A directory that is removed when the test is over. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "host-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
