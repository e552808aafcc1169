import { hasDotnetSdk, noDotnetSdk } from "../../extension/support/processes/dotnet-sdk.ts";
import { tableText } from "../table.ts";
import { configurations, measureOperations } from "./operations.ts";
import { allSeconds, measureReads } from "./reads.ts";

/** Measures on the real Durable extension and prints tables. Without a .NET SDK it says so in one line. */
export async function measureOnExtension(): Promise<void> {
  if (!hasDotnetSdk()) {
    console.log(`Skipped the measurements on the real extension because ${noDotnetSdk}`);
    return;
  }
  const names = Object.keys(configurations);
  for (const measure of [() => measureReads(allSeconds), () => measureOperations(names)]) {
    for (const table of await measure()) console.log(tableText(table));
  }
}

if (import.meta.main) await measureOnExtension();
