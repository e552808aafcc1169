import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

const sdk = "there is no .NET SDK 10 (dotnet --list-sdks)";

test.each([
  { where: "elsewhere", CI: "", status: 0 },
  { where: "in CI", CI: "true", status: 1 },
])("without a .NET SDK, test:extension is skipped in one line $where", ({ CI, status }) => {
  expect(runWithoutDotnet("test/extension/run.ts", CI)).toEqual({
    status,
    output: `Skipped test:extension because ${sdk}\n`,
  });
});

test("without a .NET SDK, bench skips the measurements that need the extension, in one line", () => {
  expect(runWithoutDotnet("test/bench/extension/main.ts", "true")).toEqual({
    status: 0,
    output: `Skipped the measurements on the real extension because ${sdk}\n`,
  });
});

/** A PATH with no program in it. */
function runWithoutDotnet(program: string, CI: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], {
    env: { PATH: import.meta.dirname, CI },
    encoding: "utf8",
  });
  return { status, output: stdout + stderr };
}
