import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

/*
 * Goal: the conformance table is complete. Method: read src/storage/README.md, which lists for each rule of
 * Storage's documents one or more tests, as "`test/e2e/copies/abort.test.ts` the test's title".
 */

const page = readFileSync(new URL("../../src/storage/README.md", import.meta.url), "utf8");
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| ") && !/^\| (The document says|Storage says|-+) /.test(line))
  .map((line) => {
    const [, rule = "", here = "", shownBy = ""] = line
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim());
    return { rule, here, shownBy };
  });

test("each of the three documents has rows, and so do the rules outside them and the copies of a job", () => {
  expect(page.match(/^## .*/gm)).toHaveLength(5);
  expect(rows.length).toBeGreaterThanOrEqual(90);
});

test.each(rows)("$rule: is covered by tests that run", ({ rule, here, shownBy }) => {
  expect(rule).not.toBe("");
  expect(here).not.toBe("");
  const named = [...shownBy.matchAll(/`(?<file>[^`]+\.test\.ts)` (?<name>.+?)(?=<br>|$)/g)];
  expect(named.length, `tests named in "${shownBy}"`).toBeGreaterThan(0);
  for (const { groups } of named) {
    const { file = "", name = "" } = groups ?? {};
    expect(
      testNames(file).some((pattern) => pattern.test(name.trim())),
      `"${name}" in ${file}`,
    ).toBe(true);
  }
});

/** The titles of a file's tests as patterns: placeholders of `test.each` match any text. */
function testNames(file: string): RegExp[] {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
  expect(text, `${file} skips tests`).not.toMatch(/\.(skip|skipIf|runIf|todo|only)\b/);
  const begins = /(?<quote>["'`])(?<name>(?:(?!\k<quote>).)+)\k<quote>,\s*(?:async )?\(/g;
  return [...text.matchAll(begins)].map(({ groups }) => pattern(groups?.["name"] ?? ""));
}

function pattern(name: string): RegExp {
  const parts = name.split(/\$\{[^}]*\}|\$[\w.]+|%[sdifjoO]/);
  return new RegExp(
    `^${parts.map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join(".+")}$`,
  );
}
