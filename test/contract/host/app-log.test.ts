import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../../src/local/clock.ts";
import { startApp } from "../../../src/local/host/worker/app-start.ts";

test("the app itself escapes every line of a function, even on a host whose log does not", async () => {
  const settings = {
    AzureWebJobsStorage__accountName: "acme",
    AZURE_FUNCTIONS_ENVIRONMENT: "Development",
  };
  const former = Object.keys(settings).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, settings);
  onTestFinished(() => {
    for (const [name, value] of former) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  const { app, terminate } = await startApp(process.cwd(), systemClock(), () => {});
  onTestFinished(terminate);
  const line = { message: "x\n    at FORGED\u001b[31m\u009b\u007f" };
  for (const hook of app.hooks.log) hook(line);
  expect(line.message).toBe("x\\u000a    at FORGED\\u001b[31m\\u009b\\u007f");
});
