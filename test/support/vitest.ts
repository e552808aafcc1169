import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = new URL("../..", import.meta.url).pathname;

export type VitestOptions = {
  /** Added to the environment of this process. */
  environment?: Record<string, string>;
};

/** Runs vitest with the project's configuration, and returns its exit status. Its output goes to the terminal. */
export function runVitest(
  args: readonly string[],
  { environment = {} }: VitestOptions = {},
): number {
  const { status } = spawnSync(
    process.execPath,
    [
      join(root, "node_modules/vitest/vitest.mjs"),
      "run",
      "--config=test/vitest.config.ts",
      ...args,
    ],
    { cwd: root, stdio: "inherit", env: { ...process.env, ...environment } },
  );
  return status ?? 1; // null when a signal has ended it
}
