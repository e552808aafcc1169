import { hasDotnetSdk, noDotnetSdk } from "../../extension/support/processes/dotnet-sdk.ts";
import { tableText } from "../table.ts";
import type { Table } from "../table.ts";
import { configurations, measureOperations } from "./operations.ts";
import { allSeconds, measureReads } from "./reads.ts";
import { measureThroughput, throughputSettings } from "./throughput.ts";
import { compareVisibility } from "./visibility.ts";

const measurements: readonly (() => Promise<Table[]>)[] = [
  () => measureReads(allSeconds),
  () => measureOperations(Object.keys(configurations)),
  async () => [await measureThroughput(Object.keys(throughputSettings))],
  async () => [await compareVisibility()],
];

/** Measures on the real Durable extension and prints tables. Without a .NET SDK it prints one line. */
export async function measureOnExtension(): Promise<void> {
  if (!hasDotnetSdk()) {
    console.log(`Skipped the measurements on the real extension because ${noDotnetSdk}`);
    return;
  }
  for (const measure of measurements) {
    for (const table of await measure()) console.log(tableText(table));
  }
}

if (import.meta.main) await measureOnExtension();
