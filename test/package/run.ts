import { cpSync, mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { buildPackage } from "../../infra/package/build-package.ts";
import { runExtensionSuite } from "../extension/run.ts";
import { runVitest } from "../support/vitest.ts";

/*
 * `npm run test:package`: builds the package, unpacks its zip file in a temporary folder, where no node_modules can be
 * found, and runs the end-to-end suite on it: every test of an app behind its own triggers. With `--extension` it runs the
 * scenarios on the real Durable extension instead. Other arguments go to vitest.
 */

const root = join(import.meta.dirname, "../..");

/** Runs a suite on the unpacked package, and returns its exit status. */
export async function runPackageSuite(args: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "ferry-package-"));
  try {
    const { zip } = await buildPackage({ root, backend: "storage", output: join(folder, "built") });
    const app = join(folder, "app");
    mkdirSync(app);
    for (const [name, content] of Object.entries(unzipSync(readFileSync(zip)))) {
      writeFileSync(join(app, name), content);
    }
    // The package has none; the local host reads it, as Core Tools do.
    cpSync(join(root, "local.settings.json"), join(app, "local.settings.json"));
    process.env["APP_DIRECTORY"] = app;
    const others = args.filter((arg) => arg !== "--extension");
    if (others.length < args.length) return runExtensionSuite(["scenarios-extension", ...others]);
    return runVitest([
      "--mode=campaigns",
      "--project=e2e",
      "--project=separate",
      "--exclude=test/e2e/commands/**", // they test the project, not an app
      "--exclude=**/npm-start.test.ts",
      ...others,
    ]);
  } finally {
    delete process.env["APP_DIRECTORY"];
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) process.exit(await runPackageSuite(process.argv.slice(2)));
