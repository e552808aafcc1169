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

/** Where a sample app is kept: test/support/sample-apps/<name>. */
export const sampleApp = (name: string) =>
  new URL(`../sample-apps/${name}`, import.meta.url).pathname;

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
    openEngine: options.openEngine,
    log: (entry) => log.push(entry),
  });
  onTestFinished(() => host.close());
  return { ...host, log };
}

/** A directory that is removed when the test is over. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "host-")));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** An app written for one test: `files` by path, beside a package.json and host.json that are fine. */
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
    // An app that brings its own node_modules keeps it.
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  });
  return directory;
}

/** The node_modules that the tests themselves use. */
export const installed = new URL("../../../node_modules", import.meta.url).pathname;

/** The JSON of an answer. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of every shape
export async function jsonOf(response: Promise<Response> | Response): Promise<any> {
  return (await response).json();
}
