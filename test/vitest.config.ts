import { defineConfig } from "vitest/config";

/** One project per kind of proof; each names what it may touch. */
const project = (name: string, testTimeout: number) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: testTimeout },
});

/** In real time, on the real Durable extension: needs the .NET SDK. Everything in a file may run at the same time. */
const extension = {
  test: {
    ...project("extension", 300_000).test,
    globalSetup: "test/extension/support/global-setup.ts",
    maxConcurrency: 20,
  },
};

export default defineConfig({
  root: new URL("..", import.meta.url).pathname,
  test: {
    projects: [
      project("unit", 5_000),
      project("replay", 5_000),
      project("contract", 20_000),
      project("chaos", 600_000),
      project("e2e", 30_000),
      extension,
    ],
  },
});
