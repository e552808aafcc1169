import { compareEngines } from "./engines/engine-rounds.ts";
import { measureOnExtension } from "./extension/main.ts";
import { measurePackage } from "./package/load-time.ts";
import { comparePolicies } from "./polling/poll-policies.ts";
import { measureLocalCopies } from "./stack/local-copies.ts";
import { measureListPages } from "./stack/list-pages.ts";
import { measureWakeLag } from "./stack/wake-lag.ts";
import { tableText } from "./table.ts";

/** `npm run bench`: measures, prints tables, and fails only if a result is wrong. */
console.log(`Node ${process.version}, ${process.platform} ${process.arch}\n`);
for (const table of comparePolicies()) console.log(tableText(table));
console.log(tableText(await measureLocalCopies()));
console.log(tableText(await measureWakeLag()));
console.log(tableText(await measureListPages()));
console.log(tableText(await compareEngines()));
console.log(tableText(await measurePackage()));
await measureOnExtension();
