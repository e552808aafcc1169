import { join } from "node:path";
import { runBrowserSuite } from "./browser/run.ts";
import { runExtensionSuite } from "./extension/run.ts";
import { runInfraSuite } from "./infra/run.ts";
import { runPackageSuite } from "./package/run.ts";
import { runVitest } from "./support/vitest.ts";

/*
 * `npm run test:all`: every suite at full size, then the end-to-end suite on the unpacked package, then the dashboard in a
 * browser, then the checks of the templates, then the suite on the real Durable extension, which waits in real time and
 * therefore runs alone. With TEST_REPORTS=<folder> each part writes a JSON report there. Other arguments go to vitest.
 */

const parts = {
  suites: (args: string[]) =>
    runVitest([
      "--mode=full",
      ...["extension", "infra", "browser"].map((name) => `--project=!${name}`),
      ...args,
    ]),
  package: runPackageSuite,
  browser: runBrowserSuite,
  infra: runInfraSuite,
  extension: runExtensionSuite,
};
const reports = process.env["TEST_REPORTS"];

const statuses: number[] = [];
for (const [name, run] of Object.entries(parts)) {
  const report =
    reports === undefined
      ? []
      : [
          "--reporter=default",
          "--reporter=json",
          `--outputFile.json=${join(reports, `${name}.json`)}`,
        ];
  statuses.push(await run([...report, ...process.argv.slice(2)]));
}
process.exit(statuses.every((status) => status === 0) ? 0 : 1);
