import { defineConfig } from "vitest/config";

/** `vitest --mode full` runs the campaigns at full size: see `support/campaign-size.ts`. */
export default defineConfig(({ mode }) => {
  /**
   * One project per kind of proof; each names what it may touch. Timeouts only end what hangs: they leave
   * room for a machine that is busy with other work, because no result may depend on its speed.
   */
  const project = (name: string, testTimeout: number) => ({
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      testTimeout,
      hookTimeout: testTimeout,
      setupFiles: ["test/seed-properties.ts"],
      env: { CAMPAIGN_SIZE: mode === "full" ? "full" : "small" },
    },
  });
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
      ],
    },
  };
});
