import { chromium } from "playwright-core";
import type { TestProject } from "vitest/node";
import { findChromium, hasSandbox, noChromium } from "./chromium.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The address of the browser. */
    browser: string;
  }
}

/**
 * Starts one browser for all files. Tests connect to it. It cannot run in their processes, because it would use the
 * virtual clock of the process for the clocks of pages.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error(`Cannot test the dashboard because ${noChromium}`);
  const server = await chromium.launchServer({ executablePath, chromiumSandbox: hasSandbox });
  project.provide("browser", server.wsEndpoint());
  return () => server.close();
}
