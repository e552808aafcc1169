import { spawnSync } from "node:child_process";
import { join } from "node:path";

/*
 * `npm run test:all`: every suite at full size, then the suite on the real Durable extension, which waits in real time
 * and therefore runs alone. With TEST_REPORTS=<folder> each part writes a JSON report there. Other arguments go to
 * vitest.
 */

const root = join(import.meta.dirname, "..");
const vitest = ["node_modules/vitest/vitest.mjs", "run", "--config", "test/vitest.config.ts"];
const parts = {
  suites: [...vitest, "--mode", "full", "--project", "!extension"],
  extension: ["test/extension/run.ts"],
};
const reports = process.env["TEST_REPORTS"];

const ended = Object.entries(parts).map(([name, command]) => {
  const report =
    reports === undefined
      ? []
      : [
          "--reporter=default",
          "--reporter=json",
          `--outputFile.json=${join(reports, `${name}.json`)}`,
        ];
  const args = [...command, ...report, ...process.argv.slice(2)];
  return spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" }).status;
});
process.exit(ended.every((status) => status === 0) ? 0 : 1);
