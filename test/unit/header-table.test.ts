import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** The rows of the table of headers and rules, without its head and its headings. */
const rows = readFileSync("src/storage/README.md", "utf8")
  .split("\n")
  .filter((line) => line.startsWith("|") && !/^\| *(Header or rule|-|\*\*)/.test(line))
  .map((line) => line.split(/(?<!\\)\|/).slice(1, -1))
  .map((cells) => cells.map((cell) => cell.trim()));

test("the table has a row for each header and rule", () => {
  expect(rows.length).toBeGreaterThan(50);
});

test.each(rows.map((cells) => [cells[0] ?? "", cells] as const))(
  "%s: says what becomes of it, and which test shows it",
  (_, [header = "", here = "", shown = ""]) => {
    expect(header).not.toBe("");
    expect(here).not.toBe("");
    const [, file = "", title = ""] = /^`(test\/[\w/.-]+\.test\.ts)` (.+)$/.exec(shown) ?? [];
    expect(existsSync(file), `${file} of: ${shown}`).toBe(true);
    const code = readFileSync(file, "utf8");
    expect(code, `${file} has no test: ${title}`).toContain(title);
    expect(code).not.toMatch(/\b(test|describe)\.(skip|todo|fails|only|skipIf|runIf)\b/);
  },
);
