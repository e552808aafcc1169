import { spawnSync } from "node:child_process";
import { cp, readdir } from "node:fs/promises";
import { join } from "node:path";
import { hasDotnetSdk, noDotnetSdk } from "../extension/support/processes/dotnet-sdk.ts";
import { root } from "../extension/support/processes/paths.ts";
import { inCopy, predict, restoreCompiler, templates } from "./bicep.ts";

/*
 * `npm run check:infra`: compiles, lints and checks the templates with the real Bicep compiler, which NuGet has. Without a
 * .NET SDK it says so in one line; in CI, where the SDK must be there, that is a failure. With --update it writes the
 * snapshots first. Other arguments go to vitest.
 */

if (!hasDotnetSdk()) {
  console.log(`Skipped check:infra because ${noDotnetSdk}`);
  process.exit(process.env["CI"] === "true" ? 1 : 0);
}
await restoreCompiler();
const args = process.argv.slice(2);
if (args.includes("--update")) await updateSnapshots();

const vitest = join(root, "node_modules/vitest/vitest.mjs");
const { status } = spawnSync(
  process.execPath,
  [
    vitest,
    "run",
    "--config=test/vitest.config.ts",
    "--project=infra",
    ...args.filter((arg) => arg !== "--update"),
  ],
  { cwd: root, stdio: "inherit" },
);
process.exit(status ?? 1);

async function updateSnapshots(): Promise<void> {
  await inCopy(async (directory) => {
    const folder = join(directory, "snapshots");
    for (const file of await readdir(folder)) {
      if (file.endsWith(".bicepparam")) await predict(join(folder, file));
    }
    await cp(folder, join(templates, "snapshots"), { recursive: true });
  });
}
