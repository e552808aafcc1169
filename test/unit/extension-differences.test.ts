import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parityCalls } from "../extension/parity/calls.ts";
import { knownDifferences } from "../extension/parity/differences.ts";
import { seededDifferences } from "../extension/seeded/seeded-differences.ts";

const root = new URL("../..", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");

test("the README lists the known differences from the extension, and no others", () => {
  const [, section = ""] = read("test/extension/README.md").split("## Known differences");
  const rows = [...section.matchAll(/^\| (\w.*?) +\|/gm)].map(([, call]) => call);
  expect(rows.slice(1)).toEqual(knownDifferences.map(({ call }) => call));
});

test("every known and seeded difference names a call of the parity suite", () => {
  const named = [...knownDifferences, ...seededDifferences].map(({ call }) => call);
  expect(named.filter((call) => parityCalls[call] === undefined)).toEqual([]);
});

test.each(seededDifferences)("the text that is replaced appears once: $what", (seeded) => {
  expect(read(`src/local/${seeded.file}`).split(seeded.find)).toHaveLength(2);
});
