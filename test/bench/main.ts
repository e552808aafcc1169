import { parseArgs } from "node:util";
import { compareEngines } from "./engines/engine-rounds.ts";
import { measureOnExtension } from "./extension/main.ts";
import { measurePackage } from "./package/load-time.ts";
import { measureScrolling } from "./page/scrolling.ts";
import { comparePolicies } from "./polling/poll-policies.ts";
import { measureGrowth } from "./price/growth.ts";
import { compareJobs } from "./jobs/compare-jobs.ts";
import { readPriceOptions } from "./price/options.ts";
import { measureShares } from "./price/shares.ts";
import { compareSideBySide } from "./price/side-by-side.ts";
import { measureLocalCopies } from "./stack/local-copies.ts";
import { measureListPages } from "./stack/list-pages.ts";
import { measureWakeLag } from "./stack/wake-lag.ts";
import { tableText, type Table } from "./table.ts";

/*
 * `npm run bench [-- words] [--full] [--other-build=<folder>]`: measures, prints tables, and fails only if a result is
 * wrong. README.md describes the words and the options.
 */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { full: { type: "boolean", default: false }, "other-build": { type: "string" } },
});
const price = readPriceOptions(values["other-build"], values.full);

/** A bench yields each table when it is measured, or returns all of them. */
const benches: Record<string, () => Promise<Table[]> | AsyncGenerator<Table>> = {
  polling: async () => comparePolicies(),
  stack: async () => [await measureLocalCopies()],
  wake: async () => [await measureWakeLag()],
  pages: async () => [await measureListPages()],
  dashboard: async () => [measureScrolling()],
  engines: async () => [await compareEngines()],
  package: async () => [await measurePackage()],
  copies: async () => [await compareSideBySide(price)],
  jobs: () => compareJobs(price),
  shares: async () => [await measureShares(price)],
  growth: async () => [await measureGrowth(price)],
  async extension() {
    await measureOnExtension(price.otherBuild); // prints each table when it is measured
    return [];
  },
};

console.log(`Node ${process.version}, ${process.platform} ${process.arch}\n`);
for (const name of positionals.length > 0 ? positionals : Object.keys(benches)) {
  const bench = benches[name];
  if (bench === undefined) {
    throw new Error(
      `Cannot measure because there is no benchmark with this name: ${name}. Names: ${Object.keys(benches).join(", ")}`,
    );
  }
  for await (const table of await bench()) console.log(tableText(table));
}
