import { cp, readdir } from "node:fs/promises";
import { join } from "node:path";
import { hasDotnetSdk, noDotnetSdk } from "../extension/support/processes/dotnet-sdk.ts";
import { runVitest } from "../support/vitest.ts";
import { inCopy, predict, restoreCompiler, templates } from "./bicep.ts";

/**
 * `npm run check:infra`: compiles, lints and checks the templates with the real Bicep compiler from NuGet, and returns
 * the exit status. Without a .NET SDK it prints one line; in CI, where the SDK must be installed, that is a failure.
 * With `--update` it writes the snapshots first. Other arguments go to vitest.
 */
export async function runInfraSuite(args: readonly string[]): Promise<number> {
  if (!hasDotnetSdk()) {
    console.log(`Skipped check:infra because ${noDotnetSdk}`);
    return process.env["CI"] === "true" ? 1 : 0;
  }
  await restoreCompiler();
  if (args.includes("--update")) await updateSnapshots();
  return runVitest(["--project=infra", ...args.filter((arg) => arg !== "--update")]);
}

async function updateSnapshots(): Promise<void> {
  await inCopy(async (directory) => {
    const folder = join(directory, "snapshots");
    for (const file of await readdir(folder)) {
      if (file.endsWith(".bicepparam")) await predict(join(folder, file));
    }
    await cp(folder, join(templates, "snapshots"), { recursive: true });
  });
}

if (import.meta.main) process.exit(await runInfraSuite(process.argv.slice(2)));
