import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { runFerry } from "../../support/cli/run-ferry.ts";

/* The scripts that `ferry completion` prints: Tab completes words, and executes none of them. */

const run = promisify(execFile);

/** Presses Tab in bash after these words; returns the proposals, and the files that the shell has created. */
async function completeInBash(words: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), "ferry-completion-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { stdout: script } = await runFerry(["completion", "bash"]);
  await writeFile(join(folder, "script"), script);
  const ferry = join(folder, "ferry");
  const main = resolve("dist/cli/main.js");
  await writeFile(ferry, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
  await chmod(ferry, 0o755);
  const before = readdirSync(folder);
  // Loaded twice, as in a shell whose user has changed .bashrc.
  const tab = `. ./script; . ./script
    COMP_WORDS=(ferry "$@") COMP_CWORD=$#
    __ferry_complete; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = await run("bash", ["--norc", "-c", tab, "bash", ...words], {
    cwd: folder,
    env: { PATH: `${folder}:${process.env["PATH"]}` },
  });
  expect(stderr).toBe("");
  const created = readdirSync(folder).filter((name) => !before.includes(name));
  return { proposals: stdout.split("\n").filter((line) => line !== ""), created };
}

test.each([
  [["re"], ["retry"]],
  [
    ["copy", "a", "b", "--overwrite", ""],
    ["fail", "skip", "if-newer", "always"],
  ],
  [["list", "--status", "f"], ["failed"]],
  [["list", "--sta"], ["--status"]],
  [["job", "re"], ["resume"]],
  [
    ["job", "list", "--status", "pa"],
    ["pausing", "paused"],
  ],
])("Tab in bash after %j", async (words, proposals) => {
  expect(await completeInBash(words)).toEqual({ proposals, created: [] });
});

test.each([
  [["copy", "$(touch x)", "--overwrite", "f"]],
  [["copy", "`touch x`", "--overwrite", "f"]],
  [["copy", "a;touch x", "--overwrite", "f"]],
  [["copy", "a'\";touch x;'", "--overwrite", "f"]],
  [["copy", "a\ntouch x", "--overwrite", "f"]],
  [["copy", ">x", "--overwrite", "f"]],
  [["copy", "a[$(touch x)]", "--overwrite", "f"]],
])("Tab in bash executes no word of the line: %j", async (words) => {
  expect(await completeInBash(words)).toEqual({ proposals: ["fail"], created: [] });
});

test("Tab in bash does not execute the word that it completes", async () => {
  for (const word of ["$(touch x)", "--tag=$(touch x)", ":$(touch x)", "a[$(touch x)]"]) {
    expect(await completeInBash(["copy", "a", word])).toMatchObject({ created: [] });
  }
});

// Neither shell is needed to run the tests.
test.each([
  ["zsh", 'flagPrefix="-P ${(q)BASH_REMATCH}"'],
  ["powershell", "EscapeSingleQuotedStringContent($_)"],
])("the script for %s quotes the words that it evaluates", async (shell, quoted) => {
  const { code, stdout } = await runFerry(["completion", shell]);
  expect(code).toBe(0);
  expect(stdout).toContain(quoted);
});
