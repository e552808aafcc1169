import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import { startAzurite } from "./azurite.ts";
import { extensionFolder, runFolder } from "./paths.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The connection string of the account with the task hubs. */
    hubStorage: string;
  }
}

/** Builds the C# program once, and starts the one Azurite of the suite. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await buildDurableHost();
  const azurite = await startAzurite(runFolder("azurite"));
  project.provide("hubStorage", azurite.connection);
  return () => azurite.stop();
}

/** Restores exactly what packages.lock.json names, and builds. */
export async function buildDurableHost(): Promise<void> {
  const quietly = ["--nologo", "-v", "q", "-nodeReuse:false"];
  const run = async (command: string, ...options: string[]) => {
    try {
      await promisify(execFile)("dotnet", [command, ...options, ...quietly], {
        cwd: join(extensionFolder, "durable-host"),
        env: { ...process.env, DOTNET_CLI_TELEMETRY_OPTOUT: "1", DOTNET_NOLOGO: "1" },
      });
    } catch (error) {
      // MSBuild writes its errors to standard output.
      const { stdout = "" } = error as { stdout?: string };
      throw new Error(`Cannot ${command} the durable host: ${stdout}`, { cause: error });
    }
  };
  await run("restore", "--locked-mode");
  await run("build", "--no-restore", "-c", "Release", "-p:UseSharedCompilation=false");
}
