import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { rebuildPackage } from "../../package/rebuild.ts";

const git = (...args: string[]) => execFileSync("git", args, { encoding: "utf8" });

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ferry-rebuilt-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("the package of a commit can be built again, without the network and without changing the checkout", () => {
  const before = git("status", "--porcelain");
  const folder = join(temporaryFolder(), "package");
  rebuildPackage("HEAD", folder);
  expect(readdirSync(folder)).toEqual(
    expect.arrayContaining(["host.json", "main.cjs", "package.json"]),
  );
  expect(readFileSync(join(folder, "host.json"), "utf8")).toBe(git("show", "HEAD:host.json"));
  expect(git("status", "--porcelain")).toBe(before);
});

test("a commit that does not exist is reported", () => {
  expect(() => rebuildPackage("nowhere", join(temporaryFolder(), "package"))).toThrow(/nowhere/);
});
