import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { mutants } from "../mutants/mutants.ts";

test("there are at least twelve mutants, and no two are the same", () => {
  expect(new Set(mutants.map(({ breaks }) => breaks)).size).toBe(mutants.length);
  expect(mutants.length).toBeGreaterThanOrEqual(12);
});

test.each(mutants)("the text for a mutant appears once in its file: $breaks", (mutant) => {
  const { file, find, replace } = mutant;
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
  expect(text.split(find).length - 1, `${find} in ${file}`).toBe(1);
  expect(replace).not.toBe(find);
});
