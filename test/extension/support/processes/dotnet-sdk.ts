import { spawnSync } from "node:child_process";

/** Completes the sentence "Skipped … because". */
export const noDotnetSdk = "there is no .NET SDK 10 (dotnet --list-sdks)";

/** Returns true if the SDK that builds the C# program is installed. */
export function hasDotnetSdk(): boolean {
  const sdk = spawnSync("dotnet", ["--list-sdks"], { encoding: "utf8" });
  return sdk.error === undefined && /^1\d\./m.test(sdk.stdout);
}
