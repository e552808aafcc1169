import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { logLines } from "../../../src/telemetry/log-lines.ts";
import type { ColumnType } from "../../../src/telemetry/log-lines.ts";
import { parseQuery } from "./kusto.ts";
import { readQuery } from "./read-query.ts";

/** The conversion that a query must use for a column of each type. */
const conversions: Record<string, string | null> = {
  string: "tostring",
  long: "tolong",
  real: "todouble",
  bool: "tobool",
  datetime: "todatetime",
  dynamic: null,
};

/** The queries in `directory/queries`, by their path there without the ending, such as `alerts/failed-copies`. */
export function readQueries(directory: string): Record<string, string> {
  const folder = join(directory, "queries");
  const files = globSync("**/*.kql", { cwd: folder }).toSorted();
  return Object.fromEntries(
    files.map((file) => [file.replace(/\.kql$/, ""), readFileSync(join(folder, file), "utf8")]),
  );
}

/** One sentence per problem of the queries in `directory/queries`, and of those in the runbook. */
export function queryProblems(directory: string): string[] {
  const runbook = readFileSync(join(directory, "RUNBOOK.md"), "utf8");
  const blocks = [...runbook.matchAll(/^( *)```kusto\n([^]*?)^\1```$/gm)].map(
    ([, , text]) => text ?? "",
  );
  return [
    ...Object.entries(readQueries(directory)).flatMap(([name, text]) =>
      problemsOf(text, name.startsWith("alerts/")).map((problem) => `${name}.kql: ${problem}`),
    ),
    ...blocks.flatMap((text, index) =>
      parseQuery(text).diagnostics.map((problem) => `query ${index + 1} of RUNBOOK.md: ${problem}`),
    ),
  ];
}

function problemsOf(text: string, isAlert: boolean): string[] {
  const { root, columns, diagnostics } = parseQuery(text);
  const reading = readQuery(root);
  return [
    ...diagnostics,
    ...reading.problems,
    ...reading.events
      .filter((event) => columnsOf(event) === undefined)
      .map((event) => `the app does not write ${event}`),
    ...reading.columns.flatMap(({ event, column, conversion }) => {
      const type = columnsOf(event)?.[column];
      if (type === undefined) return [`${event} has no column ${column}`];
      const expected = conversions[type.replace("?", "")] ?? null;
      return conversion === expected
        ? []
        : [`${column} of ${event} is ${type}, but is read with ${conversion ?? "no conversion"}`];
    }),
    // Azure Monitor assigns the rows of an alert's query to its window by this column.
    ...(isAlert && columns["TimeGenerated"] !== "datetime"
      ? ["the result has no column TimeGenerated"]
      : []),
  ];
}

/** The declared columns of a line, or nothing if the app does not write it. */
export function columnsOf(event: string): Record<string, ColumnType> | undefined {
  const lines: Record<string, Record<string, ColumnType>> = logLines;
  return lines[event];
}
