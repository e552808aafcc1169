import { runVitest } from "../support/vitest.ts";
import { findChromium, noChromium } from "./support/chromium.ts";

/**
 * `npm run test:browser`: the dashboard in a real Chromium without a window. Without one it prints one line; in CI, where
 * it must be installed, that is a failure. Arguments go to vitest.
 */
export function runBrowserSuite(args: readonly string[]): number {
  if (findChromium() === null) {
    console.log(`Skipped test:browser because ${noChromium}`);
    return process.env["CI"] === "true" ? 1 : 0;
  }
  return runVitest(["--project=browser", ...args]);
}

if (import.meta.main) process.exit(runBrowserSuite(process.argv.slice(2)));
