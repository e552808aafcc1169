import { join } from "node:path";
import { expect, test } from "vitest";
import { parseQuery } from "../../infra/queries/kusto.ts";
import { queryProblems } from "../../infra/queries/query-problems.ts";
import { readQuery } from "../../infra/queries/read-query.ts";

const read = (text: string) => readQuery(parseQuery(text).root);
const ended = `AppTraces | where Message startswith '{"event":"ferry.copy.ended"' | extend line = parse_json(Message)`;

test("every query parses, and reads only columns that the app's log lines have", () => {
  expect(queryProblems(join(import.meta.dirname, "../../../infra"))).toEqual([]);
});

test("a column is read from the event of its own pipeline", () => {
  const { columns, events, problems } = read(`
    let other = AppTraces
      | where Message startswith '{"event":"ferry.copy.stuck"'
      | extend line = parse_json(Message)
      | project action = tostring(line.action);
    ${ended} | join kind=leftanti other on $left.Message == $right.action | project tolong(line.bytes)
  `);
  expect(problems).toEqual([]);
  expect(events).toEqual(["ferry.copy.stuck", "ferry.copy.ended"]);
  expect(columns).toEqual([
    { event: "ferry.copy.stuck", column: "action", conversion: "tostring" },
    { event: "ferry.copy.ended", column: "bytes", conversion: "tolong" },
  ]);
});

test("a pipeline over a variable reads the lines of the variable's event", () => {
  const { columns } = read(`let lines = ${ended}; lines | where tobool(line.again) == false`);
  expect(columns).toEqual([{ event: "ferry.copy.ended", column: "again", conversion: "tobool" }]);
});

test("a compared value belongs to its column, also by the column's name in the query", () => {
  const { comparisons } = read(
    `${ended} | extend result = tostring(line.outcome) | where result == "failed" and tobool(line.again) == true`,
  );
  expect(comparisons).toEqual([
    { event: "ferry.copy.ended", column: "outcome", value: "failed" },
    { event: "ferry.copy.ended", column: "again", value: true },
  ]);
});

test.each([
  ["AppTraces | summarize count()", "Begin the pipeline over AppTraces"],
  [`AppTraces | where Message has "ferry.copy.ended"`, "Begin the pipeline over AppTraces"],
  [`${ended} | project line["bytes"]`, "as line.<column>"],
  [`print line = dynamic({}) | project tolong(line.bytes)`, "is not read from the lines of one"],
])("a query that cannot be checked is a problem: %s", (text, problem) => {
  expect(read(text).problems.join()).toContain(problem);
});

test("a diagnostic names its line", () => {
  expect(parseQuery("AppTraces\n| where Massage == 'x'").diagnostics).toEqual([
    expect.stringMatching(/^line 2: KS142: .*'Massage'/),
  ]);
});
