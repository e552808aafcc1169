import { defineConfig } from "vitest/config";
import { campaigns } from "./support/campaigns.ts";
import { compileCache } from "./support/compile-cache.ts";

/** Tests of settings that a library reads once in a process. Each runs in a separate process. */
const separate = ["test/contract/host/streams.test.ts", "test/e2e/copies/storage-hosts.test.ts"];

/**
 * A worker of `npm test` runs for a minute or two, and runs much of its code only a few times, so the last optimizing
 * compiler and small heaps cost more processor time than they save.
 */
const shortRuns = ["--max-opt=2", "--min-semi-space-size=32", "--max-semi-space-size=64"];

/**
 * `npm test` leaves out the campaigns. `vitest --mode full` runs them at full size, `--mode campaigns` at small size: see
 * `support/campaign-size.ts`.
 */
export default defineConfig(({ mode }) => {
  const isFull = mode === "full";
  const left = isFull || mode === "campaigns" ? separate : [...separate, ...campaigns];
  /**
   * One project per kind of test. Timeouts only end tests that hang: they are long enough for a machine that is busy
   * with other work, because no result may depend on its speed.
   */
  const project = (name: string, testTimeout: number) => ({
    test: {
      name,
      // A worker loads the libraries once for all of its files, which halves the processor time. Files share modules,
      // so tests must restore what they change.
      isolate: false,
      execArgv: isFull ? [] : shortRuns,
      restoreMocks: true,
      unstubEnvs: true,
      include: [`test/${name}/**/*.test.ts`],
      exclude: left,
      testTimeout,
      hookTimeout: testTimeout,
      setupFiles: ["test/seed-properties.ts"],
      env: {
        CAMPAIGN_SIZE: isFull ? "full" : "small",
        NODE_COMPILE_CACHE: compileCache, // for the processes that tests start
      },
    },
  });
  /** On the real Durable extension, in real time: needs the .NET SDK, so only test/extension/run.ts runs it. */
  const extension = {
    test: {
      ...project("extension", 300_000).test,
      isolate: true,
      globalSetup: "test/extension/support/processes/global-setup.ts",
      maxConcurrency: 20, // tests that wait for the same stack
    },
  };
  /** The dashboard in Chromium: test/browser/run.ts runs it where there is one. */
  const browser = {
    test: {
      ...project("browser", 300_000).test,
      globalSetup: "test/browser/support/global-setup.ts",
    },
  };
  const alone = {
    test: { ...project("separate", 120_000).test, include: separate, exclude: [], isolate: true },
  };
  return {
    root: new URL("..", import.meta.url).pathname,
    test: {
      maxWorkers: "100%", // vitest leaves one core idle otherwise
      projects: [
        project("unit", 60_000),
        project("replay", 60_000),
        project("contract", 120_000),
        project("chaos", 600_000),
        project("e2e", 120_000),
        alone,
        extension,
        browser,
        /** With the Bicep compiler from NuGet: test/infra/run.ts runs it where there is a .NET SDK. */
        project("infra", 120_000),
      ],
    },
  };
});
