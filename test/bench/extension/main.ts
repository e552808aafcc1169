import { hasDotnetSdk, noDotnetSdk } from "../../extension/support/processes/dotnet-sdk.ts";
import { tableText } from "../table.ts";
import type { Table } from "../table.ts";
import { configurations, measureOperations } from "./operations.ts";
import { allSeconds, measureReads } from "./reads.ts";
import { measureThroughput, throughputSettings } from "./throughput.ts";
import { compareVisibility } from "./visibility.ts";

const measurements: readonly ((otherBuild: string | null) => Promise<Table[]>)[] = [
  () => measureReads(allSeconds),
  (otherBuild) => measureOperations(Object.keys(configurations), otherBuild),
  async (otherBuild) => [await measureThroughput(Object.keys(throughputSettings), otherBuild)],
  async () => [await compareVisibility()],
];

/**
 * Measures on the real Durable extension and prints tables, with rows for another build if there is one. Without a .NET
 * SDK, prints one line.
 */
export async function measureOnExtension(otherBuild: string | null = null): Promise<void> {
  if (!hasDotnetSdk()) {
    console.log(`Skipped the measurements on the real extension because ${noDotnetSdk}`);
    return;
  }
  for (const measure of measurements) {
    for (const table of await measure(otherBuild)) console.log(tableText(table));
  }
}

if (import.meta.main) await measureOnExtension();
