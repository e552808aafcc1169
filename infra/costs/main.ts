import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { costTables } from "./cost-table.ts";
import { readCounts } from "./counts.ts";
import { readPrices } from "./prices.ts";
import { readHub } from "./ways.ts";

const page = join(import.meta.dirname, "README.md");
const region = /(?<=<!-- costs -->\n)[^]*?(?=<!-- end -->)/;

/**
 * README.md with the tables that are computed from prices.json, counts.json and the measured operations of the task
 * hub.
 */
export function pageWithCosts(): string {
  const tables = costTables(readPrices(), readCounts(), readHub());
  return readFileSync(page, "utf8").replace(region, () => `\n${tables}\n\n`);
}

if (import.meta.main) writeFileSync(page, pageWithCosts());
