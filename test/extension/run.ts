import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { hasDotnetSdk, noDotnetSdk } from "./support/processes/dotnet-sdk.ts";
import { root } from "./support/processes/paths.ts";

/*
 * `npm run test:extension`: the suite, if a .NET SDK is installed. Otherwise it prints one line; in CI, where the SDK
 * must be installed, that is a failure. Arguments go to vitest.
 */

if (!hasDotnetSdk()) {
  console.log(`Skipped test:extension because ${noDotnetSdk}`);
  process.exit(process.env["CI"] === "true" ? 1 : 0);
}
const vitest = join(root, "node_modules/vitest/vitest.mjs");
const { status } = spawnSync(
  process.execPath,
  [
    vitest,
    "run",
    "--config=test/vitest.config.ts",
    "--project=extension",
    "--maxWorkers=2", // they wait most of the time
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: "inherit" },
);
process.exit(status ?? 1);
