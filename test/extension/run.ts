import { runVitest } from "../support/vitest.ts";
import { hasDotnetSdk, noDotnetSdk } from "./support/processes/dotnet-sdk.ts";

/**
 * `npm run test:extension`: runs the suite if a .NET SDK is installed, and returns its exit status. Otherwise it prints
 * one line; in CI, where the SDK must be installed, that is a failure. Arguments go to vitest.
 */
export function runExtensionSuite(args: readonly string[]): number {
  if (!hasDotnetSdk()) {
    console.log(`Skipped test:extension because ${noDotnetSdk}`);
    return process.env["CI"] === "true" ? 1 : 0;
  }
  // Tests wait most of the time.
  return runVitest(["--project=extension", "--maxWorkers=2", ...args]);
}

if (import.meta.main) process.exit(runExtensionSuite(process.argv.slice(2)));
