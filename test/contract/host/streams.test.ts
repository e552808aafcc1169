import { expect, test } from "vitest";
import { startSample, writtenApp } from "../../support/host/host.ts";

// A file, and so a process, of its own: the library cannot be told to stop streaming again.
test("HTTP streams are refused by name", async () => {
  const app = await writtenApp({
    "main.js": `
      import { app } from "@azure/functions";
      app.setup({ enableHttpStream: true });
      app.get("one", () => ({ body: "one" }));
    `,
  });
  await expect(startSample(app)).rejects.toThrow(/HTTP streams are not implemented/);
});
