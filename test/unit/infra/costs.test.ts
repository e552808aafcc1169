import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { amountOf, readPrices } from "../../../infra/costs/prices.ts";
import { costTables } from "../../../infra/costs/cost-table.ts";
import { readCounts } from "../../../infra/costs/counts.ts";
import type { CopyCounts } from "../../../infra/costs/counts.ts";
import { pageWithCosts } from "../../../infra/costs/main.ts";
import { readHub, waysToCopy } from "../../../infra/costs/ways.ts";

const counts = readCounts();
const hub = readHub();
const prices = readPrices();

test("the tables in the README follow from prices, counts and measurements: npm run costs writes them", () => {
  expect(readFileSync("infra/costs/README.md", "utf8")).toBe(pageWithCosts());
});

/** The numbers of a row of the budget, without the polls: requests, ledger writes, activities and timers. */
function budgetOf(name: string): number[] {
  const row = readFileSync("src/ledger/README.md", "utf8")
    .split("\n")
    .find((line) => line.startsWith(`| ${name} `));
  const cells = row?.split("|").slice(2, 6) ?? [];
  return cells.map((cell) => {
    const [measured = ""] = cell.trim().split(";");
    return measured === "R" ? 0 : Number.parseInt(measured, 10);
  });
}

function totalsOf({ requests, activities, timers }: CopyCounts): number[] {
  const all = Object.values(requests).reduce((sum, count) => sum + count, 0);
  return [all, requests.writes - 1, activities, timers]; // one write is the copy itself
}

test("the counts by kind add up to the budget of a copy in the ledger's README", () => {
  expect(totalsOf(counts.finished)).toEqual(budgetOf("blob → blob, completed by the start"));
  expect(totalsOf(counts.pending)).toEqual(budgetOf("pending, R reads of its properties"));
});

test("the operations of the hub match the hub's README", () => {
  expect(hub).toEqual({
    finished: { queue: 30, table: 21 },
    pending: { queue: 69, table: 48 },
    idleHour: 5_520,
  });
});

test("the cost query has the numbers of the table", () => {
  const query = readFileSync("infra/queries/operations-per-copy.kql", "utf8");
  const constants = Object.fromEntries(
    [...query.matchAll(/^let (\w+) = ([\d.]+);$/gm)].map(([, name, value]) => [
      name,
      Number(value),
    ]),
  );
  const unit = (name: Parameters<typeof amountOf>[1]) => {
    const { [name]: found } = prices.prices;
    // Without the error of a binary fraction.
    return found === null ? null : Number((found.price / found.per).toPrecision(6));
  };
  expect(constants).toEqual({
    perExecution: unit("execution"),
    perGigabyteSecond: unit("gigabyteSecond"),
    perBlobWrite: unit("blobWrite"),
    perOtherBlobRequest: unit("blobOther"),
    instanceGigabytes: prices.instanceGigabytes,
  });
  expect(unit("blobRead")).toBe(unit("blobOther")); // the query has one price for both
});

test.each([
  { way: "Ferry, small", reads: 0, activities: 1, timers: 0, byEvent: 0 },
  { way: "Ferry, large", reads: 5, activities: 7, timers: 5, byEvent: 0 },
  { way: "Ferry, small, by an event", reads: 0, activities: 1, timers: 0, byEvent: 1 },
])("the formulas of the cost query give the row of the table: $way", (line) => {
  const query = readFileSync("infra/queries/operations-per-copy.kql", "utf8");
  /** The result for a copy that has succeeded: the last value of each `case`, unless it has no timer. */
  const evaluate = (column: string): number => {
    const formula = new RegExp(`^    ${column} = (.+?),?$`, "m").exec(query)?.[1] ?? "";
    const chosen = formula.replace(
      /case\(timers == 0, (\d+), .*?, (\d+)\)/,
      line.timers === 0 ? "$1" : "$2",
    );
    const valueOf = (factor: string) =>
      Number(Object.entries(line).find(([name]) => name === factor)?.[1] ?? factor);
    const products = chosen.split(" + ").map((product) => product.split(" * ").map(valueOf));
    return products
      .map((factors) => factors.reduce((all, one) => all * one))
      .reduce((all, one) => all + one);
  };
  const way = waysToCopy(counts, hub).find(({ name }) => name === line.way);
  expect(evaluate("executions")).toBe(way?.executions);
  expect(evaluate("blobWrites")).toBe(way?.requests.writes);
  expect(evaluate("otherBlobRequests")).toBe(
    (way?.requests.reads ?? 0) + (way?.requests.others ?? 0),
  );
  expect(evaluate("blobLists")).toBe(way?.requests.lists);
  if (way?.hub !== null)
    expect(evaluate("hubOperations")).toBe((way?.hub.queue ?? 0) + (way?.hub.table ?? 0));
});

test("an amount starts after the free units, and uses the unit of its price", () => {
  const free = prices.prices.execution?.freePerMonth ?? 0;
  expect(amountOf(prices, "execution", free)).toBe(0);
  expect(amountOf(prices, "execution", free + 1_000_000)).toBeCloseTo(0.4);
  expect(amountOf(prices, "blobWrite", 10_000)).toBeCloseTo(0.05);
});

test("without a price there is no cost, and the row shows that", () => {
  const without = { ...prices, prices: { ...prices.prices, blobOther: null } };
  const lines = costTables(without, counts, hub).split("\n");
  const large = lines.find((line) => line.startsWith("| 10,000,000 | Ferry, large"));
  expect(large?.split("|").map((cell) => cell.trim())).toEqual(
    ["", "10,000,000", "Ferry, large", "130,000,000", "1,170,000,000", "210,000,000"].concat([
      "–",
      "83.90",
      "2,727.40",
      "",
    ]),
  );
  expect(lines.find((line) => line.startsWith("| `blobOther`"))).toContain("none found");
});
