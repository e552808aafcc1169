import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { inCopy } from "./bicep.ts";
import { infraProblems, lintProblems } from "./check.ts";
import { alertFaults } from "./alerts/alert-faults.ts";
import { faults } from "./faults.ts";
import { queueFaults } from "./queue-faults.ts";

test("there are at least 25 seeded faults", () => {
  expect(faults.length).toBeGreaterThanOrEqual(25);
});

test("at least ten of the queries, the alerts, the workbook and the runbook", () => {
  expect(alertFaults.length).toBeGreaterThanOrEqual(10);
});

test.each([...faults, ...alertFaults, ...queueFaults])(
  "the check notices that $breaks",
  async (fault) => {
    const { file, find, replace, shownBy, problem } = fault;
    const problems = await inCopy(async (directory) => {
      const path = join(directory, file);
      const text = await readFile(path, "utf8");
      expect(text.split(find)).toHaveLength(2);
      await writeFile(
        path,
        text.replace(find, () => replace),
      );
      if (shownBy === "lint") return await lintProblems(directory);
      return await infraProblems(directory, shownBy === "project" ? [] : [shownBy]);
    });
    expect(problems.join("\n")).toMatch(problem);
  },
);
