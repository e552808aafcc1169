import { mkdirSync } from "node:fs";
import { join } from "node:path";

/** The project's folder. */
export const root = new URL("../../../..", import.meta.url).pathname;
export const extensionFolder = join(root, "test/extension");
const cache = join(root, "node_modules/.cache");
/** The output of `dotnet build` (durable-host/Directory.Build.props). */
export const hostProgram = join(cache, "durable-host/bin/DurableHost.dll");

/** A new folder for the logs and files of one stack; it stays after the tests. */
export function runFolder(name: string): string {
  const folder = join(
    cache,
    "extension-runs",
    `${new Date().toISOString().replaceAll(":", "")}-${name}`,
  );
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** A second build of the app. */
export const otherBuildFolder = (name: string): string => join(cache, "extension-builds", name);
