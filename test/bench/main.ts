import { compareEngines } from "./engine-rounds.ts";
import { measureLocalCopies } from "./local-copies.ts";
import { comparePolicies } from "./poll-policies.ts";
import { tableText } from "./table.ts";
import { measureWakeLag } from "./wake-lag.ts";

/** `npm run bench`: measures, prints tables, and fails only if a result is wrong. */
console.log(`Node ${process.version}, ${process.platform} ${process.arch}\n`);
for (const table of comparePolicies()) console.log(tableText(table));
console.log(tableText(await measureLocalCopies()));
console.log(tableText(await measureWakeLag()));
console.log(tableText(await compareEngines()));
