import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

export type PriceOptions = {
  /** The folder of the measured build: with dist/, host.json, local.settings.json and package.json. */
  build: string;
  /** The folder of another build for comparison; null if there is none. */
  otherBuild: string | null;
  /** True to compare 10,000 copies side by side and to measure growth over 20,000; otherwise a tenth of each. */
  isFull: boolean;
};

/** Resolves the options of the command line. Throws if there is no build in the other folder. */
export function readPriceOptions(otherBuild: string | undefined, isFull: boolean): PriceOptions {
  const build = join(import.meta.dirname, "../../..");
  if (otherBuild === undefined) return { build, otherBuild: null, isFull };
  const folder = resolve(otherBuild);
  if (!existsSync(join(folder, "dist/main.js"))) {
    throw new Error(
      `Cannot compare because the folder has no dist/main.js: ${folder}. Run tsc there`,
    );
  }
  return { build, otherBuild: folder, isFull };
}
