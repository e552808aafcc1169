import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

const program = join(process.cwd(), "dist/local/func-start.js");

/** Runs the preflight of `npm run start:func` in an empty folder, with only `func` on the path. */
function startFunc(func: string | null) {
  const folder = mkdtempSync(join(tmpdir(), "ferry-func-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  if (func !== null) writeFileSync(join(folder, "func"), func, { mode: 0o755 });
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], {
    cwd: folder,
    env: { PATH: folder },
    encoding: "utf8",
  });
  return { status, stdout, lines: stderr.trim().split("\n") };
}

test("without Core Tools and Azurite, start:func reports each in one line and exits with 1", () => {
  const { status, stdout, lines } = startFunc(null);
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(lines[0]).toMatch(/^func is missing: install Azure Functions Core Tools 4/);
  expect(lines[1]).toBe("Azurite is missing: run npm ci");
});

test("older Core Tools are rejected with their version", () => {
  const { status, lines } = startFunc("#!/bin/sh\necho 3.0.5682\n");
  expect(status).toBe(1);
  expect(lines[0]).toBe('func must have version 4: "3.0.5682"');
});
