import { expect, test } from "vitest";
import { startSample, writtenApp } from "../../support/host/host.ts";

// Runs in a separate process (test/vitest.config.ts), because the library cannot disable streaming again.
test("HTTP streams are rejected with an error that names them", async () => {
  const app = await writtenApp({
    "main.js": `
      import { app } from "@azure/functions";
      app.setup({ enableHttpStream: true });
      app.get("one", () => ({ body: "one" }));
    `,
  });
  await expect(startSample(app)).rejects.toThrow(/HTTP streams are not implemented/);
});
