import { compareEngines } from "./engine-rounds.ts";
import { configurations, measureOperations } from "./extension-operations.ts";
import { allSeconds, measureReads } from "./extension-reads.ts";
import { hasDotnetSdk, noDotnetSdk } from "../extension/support/processes/dotnet-sdk.ts";
import { measureLocalCopies } from "./local-copies.ts";
import { measurePackage } from "./package/load-time.ts";
import { comparePolicies } from "./poll-policies.ts";
import { tableText } from "./table.ts";
import { measureWakeLag } from "./wake-lag.ts";

/** `npm run bench`: measures, prints tables, and fails only if a result is wrong. */
console.log(`Node ${process.version}, ${process.platform} ${process.arch}\n`);
for (const table of comparePolicies()) console.log(tableText(table));
console.log(tableText(await measureLocalCopies()));
console.log(tableText(await measureWakeLag()));
console.log(tableText(await compareEngines()));
console.log(tableText(await measurePackage()));
if (hasDotnetSdk()) {
  for (const table of await measureReads(allSeconds)) console.log(tableText(table));
  const names = Object.keys(configurations);
  for (const table of await measureOperations(names)) console.log(tableText(table));
} else {
  console.log(`Skipped the measurements on the real extension because ${noDotnetSdk}`);
}
