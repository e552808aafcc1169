import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { logLevels, logLines } from "../../../src/telemetry/log-lines.ts";

test("the README lists every event with its level", () => {
  const page = readFileSync("src/telemetry/README.md", "utf8");
  const rows = [...page.matchAll(/^\| `(ferry\.[\w.]+)` +\| (\w+) +\|/gm)];
  const names = { info: "information", warn: "warning", error: "error" } as const;
  expect(Object.fromEntries(rows.map(([, event, level]) => [event, level]))).toEqual(
    Object.fromEntries(Object.entries(logLevels).map(([event, level]) => [event, names[level]])),
  );
});

test("columns have the same type in every line", () => {
  const types = new Map<string, Set<string>>();
  for (const columns of Object.values(logLines)) {
    for (const [name, type] of Object.entries(columns)) {
      const base = type.replace("?", "");
      types.set(name, (types.get(name) ?? new Set()).add(base));
    }
  }
  expect([...types].filter(([, found]) => found.size > 1)).toEqual([]);
});
