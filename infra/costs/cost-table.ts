import type { Counts, Requests } from "./counts.ts";
import { amountOf } from "./prices.ts";
import type { PriceName, Prices } from "./prices.ts";
import { waysToCopy } from "./ways.ts";
import type { Hub, Way } from "./ways.ts";

const months = [1_000, 100_000, 10_000_000];
const hoursPerMonth = 730;

const priceOf: Record<Exclude<keyof Requests, "deletes">, PriceName> = {
  writes: "blobWrite",
  reads: "blobRead",
  others: "blobOther",
  lists: "blobList",
};

/** The part of README.md between the two HTML comments, as Markdown. */
export function costTables(prices: Prices, counts: Counts, hub: Hub): string {
  const ways = waysToCopy(counts, hub);
  return [
    "### One copy",
    table(
      ["", "Blob writes", "Reads", "Other", "Lists", "Queue", "Table", "Executions"],
      ways.map(({ name, requests, hub: own, executions }) => [
        name,
        ...[requests.writes, requests.reads, requests.others, requests.lists].map(count),
        count(own?.queue ?? null),
        count(own?.table ?? null),
        count(executions),
      ]),
    ),
    "### A month of copies",
    `The last three columns are costs, in ${prices.region}, for blobs in the Hot tier with LRS. ${unpriced(prices)}`,
    `"At most": the table counts one second of an instance of ${prices.instanceGigabytes} GB for each execution, the shortest time that is billed. This is an upper limit only if no execution takes longer than a second, but one with \`Prefer: wait\` does. Executions that share an instance at the same time cost less.`,
    "The free amounts are deducted in each row. A subscription has them once a month, for all its apps.",
    table(
      [
        "Copies",
        "",
        "Blob requests",
        "Hub operations",
        "Executions",
        `${prices.currency}: blob`,
        `${prices.currency}: executions`,
        `${prices.currency}: GB-s, at most`,
      ],
      months.flatMap((copies) => ways.map((way) => monthRow(prices, way, copies))),
    ),
    "### A month without copies",
    `A month has ${hoursPerMonth} hours.`,
    table(["", "Amount"], idleRows(counts, hub)),
    "### Prices",
    table(["", "Price", "Free in a month", "As of", "Source"], priceRows(prices)),
  ].join("\n\n");
}

function monthRow(prices: Prices, way: Way, copies: number): string[] {
  const { requests, hub, executions } = way;
  const { writes, reads, others, lists } = requests;
  const blob = writes + reads + others + lists;
  const amounts = (["writes", "reads", "others", "lists"] as const)
    .filter((type) => requests[type] > 0)
    .map((type) => amountOf(prices, priceOf[type], requests[type] * copies));
  const runs = executions === null ? null : executions * copies;
  const seconds = runs === null ? null : runs * prices.instanceGigabytes;
  return [
    count(copies),
    way.name,
    count(blob * copies),
    count(hub === null ? null : (hub.queue + hub.table) * copies),
    count(runs),
    money(sum(amounts)),
    money(runs === null ? null : amountOf(prices, "execution", runs)),
    money(seconds === null ? null : amountOf(prices, "gigabyteSecond", seconds)),
  ];
}

function idleRows({ idleHour }: Counts, hub: Hub): string[][] {
  const { writes, reads, others, lists } = idleHour.requests;
  return [
    ["Executions of the watchdog and the purge", count(idleHour.executions * hoursPerMonth)],
    ["Their blob requests other than lists", count((writes + reads + others) * hoursPerMonth)],
    ["Their lists", count(lists * hoursPerMonth)],
    [
      "Hub operations, polling included, if an instance of the app runs all the time",
      count(hub.idleHour * hoursPerMonth),
    ],
  ];
}

function priceRows({ currency, prices }: Prices): string[][] {
  return Object.entries(prices).map(([name, price]) => {
    if (price === null) return [`\`${name}\``, "none found", "", "", ""];
    const { price: amount, per, freePerMonth, date, source } = price;
    const unit = per === 1 ? "" : ` per ${count(per)}`;
    return [price.name, `${currency} ${amount}${unit}`, count(freePerMonth), date, source];
  });
}

/** The sentence about the items that have no price. */
function unpriced({ prices }: Prices): string {
  const names = Object.entries(unpricedNames).flatMap(
    ([name, text]) => (prices[name as PriceName] === null ? [text] : []), // a key of the prices
  );
  if (names.length === 0) return "";
  return `No price was found for ${names.join(", ")}. The costs do not include these, and a row that needs a list has no cost for its blob requests.`;
}

const unpricedNames: Partial<Record<PriceName, string>> = {
  blobList: "lists of blobs",
  queueOperation: "operations of the hub's queues",
  tableOperation: "operations of the hub's tables",
  event: "events",
  logGigabyte: "log lines",
  virtualMachineHour: "virtual machines",
};

/** Adds the amounts; null if one of them is unknown. */
function sum(amounts: (number | null)[]): number | null {
  return amounts.reduce(
    (total, amount) => (total === null || amount === null ? null : total + amount),
    0,
  );
}

function count(value: number | null): string {
  return value === null ? "–" : value.toLocaleString("en-US");
}

function money(value: number | null): string {
  if (value === null) return "–";
  return value > 0 && value < 0.01 ? "< 0.01" : value.toLocaleString("en-US", digits);
}

const digits = { minimumFractionDigits: 2, maximumFractionDigits: 2 };

/** Builds a table with the alignment of the formatter: text to the left, numbers to the right. */
function table(head: string[], rows: string[][]): string {
  const isNumber = head.map((_, column) =>
    rows.every((row) => /^(–|(< )?[\d,.]+)$/.test(row[column] ?? "")),
  );
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (cells: string[]) =>
    `| ${cells
      .map((cell, column) =>
        isNumber[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join(" | ")} |`;
  const rule = `| ${widths
    .map((width, column) => (isNumber[column] ? `${"-".repeat(width - 1)}:` : "-".repeat(width)))
    .join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}
