import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { type Clock, systemClock } from "../../../src/local/clock.ts";
import {
  type FunctionsHost,
  type HostOptions,
  startFunctionsHost,
} from "../../../src/local/host/host.ts";
import type { HostLogEntry } from "../../../src/local/log.ts";

export type SampleHost = FunctionsHost & { log: HostLogEntry[] };

export type SampleOptions = {
  clock?: Clock;
  stateFile?: string;
  environment?: Record<string, string>;
  openEngine?: HostOptions["openEngine"];
};

/** The folder of a sample app: test/support/sample-apps/<name>. */
export const sampleApp = (name: string) =>
  new URL(`../sample-apps/${name}`, import.meta.url).pathname;

/** Starts a sample app on a free port; it is closed after the test. */
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
    openEngine: options.openEngine,
    log: (entry) => log.push(entry),
  });
  onTestFinished(() => host.close());
  return { ...host, log };
}

/** A directory that is removed after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "host-")));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes an app for one test: `files` by path, with a valid package.json and host.json by default. */
export async function writtenApp(files: Record<string, string>): Promise<string> {
  const directory = await temporaryDirectory();
  const all = {
    "package.json": `{ "type": "module", "main": "main.js" }`,
    "host.json": `{ "version": "2.0" }`,
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
  await symlink(installed, join(directory, "node_modules")).catch((error: unknown) => {
    // An app with its own node_modules keeps it.
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  });
  return directory;
}

/** The tests' own node_modules. */
export const installed = new URL("../../../node_modules", import.meta.url).pathname;

/** The JSON body of a response. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests read bodies of every shape
export async function jsonOf(response: Promise<Response> | Response): Promise<any> {
  return (await response).json();
}
