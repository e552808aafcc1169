import { cp, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { installed, jsonOf, sampleApp, startSample, writtenApp } from "../../support/host/host.ts";

const oneFunction = `
  import { app } from "@azure/functions";
  app.get("one", () => ({ body: "one" }));
`;

const text = async (url: string) => (await fetch(url)).text();

test("functions are listed with their triggers and routes", async () => {
  const { functions } = await startSample("greeter");
  expect(functions).toEqual([
    { name: "greet", type: "activityTrigger" },
    { name: "greetLater", type: "orchestrationTrigger" },
    { name: "start", type: "httpTrigger", route: "api/greetings/{id}" },
    { name: "greeting", type: "httpTrigger", route: "api/greetings/{id}" },
  ]);
});

test("a CommonJS app starts, from every file that its main matches, with an empty route prefix", async () => {
  const host = await startSample("commonjs");
  expect(host.functions.map(({ name, route }) => [name, route])).toEqual([
    ["one", "one"],
    ["two", "second"],
  ]);
  expect(await text(`${host.url}/second`)).toBe("two");
});

test.each(["commonjs", "web"])("an app starts again in the same process: %s", async (name) => {
  const first = await startSample(name);
  const { functions } = first;
  await first.close();
  const second = await startSample(name);
  expect(second.functions).toEqual(functions);
  if (name === "commonjs") expect(await text(`${second.url}/one`)).toBe("one 1");
});

const settingsOf = (url: string) => jsonOf(fetch(`${url}/api/settings`));

test("settings come from local.settings.json, unless the environment or the start overrides them", async () => {
  process.env["FROM_BOTH"] = "machine";
  process.env["FORCED"] = "machine";
  process.env["FROM_FILE"] = "";
  onTestFinished(() => {
    for (const name of ["FROM_BOTH", "FORCED", "FROM_FILE"]) delete process.env[name];
  });
  const directory = process.cwd();
  const host = await startSample("web", { environment: { FORCED: "start" } });
  expect(await settingsOf(host.url)).toEqual({
    fromFile: "file",
    fromBoth: "machine",
    forced: "start",
    hostname: `127.0.0.1:${host.port}`,
    mode: "Development",
    root: sampleApp("web"),
    directory: sampleApp("web"),
  });
  const warnings = host.log.filter(({ level }) => level === "warning");
  expect(warnings.map(({ message }) => message)).toEqual([
    `"FROM_BOTH" of local.settings.json is ignored because the environment sets it`,
  ]);
  await host.close();
  expect(process.env["FROM_FILE"]).toBe("");
  expect(process.env["FORCED"]).toBe("machine");
  expect(process.env["WEBSITE_HOSTNAME"]).toBeUndefined();
  expect(process.cwd()).toBe(directory);
});

test.each([
  ["a host.json that is not JSON", { "host.json": "{" }, /not JSON .*host\.json"/],
  ["a host.json without version", { "host.json": "{}" }, /"version" must be "2.0": missing/],
  [
    "a number in quotes",
    {
      "host.json": `{ "version": "2.0", "extensions": { "durableTask": { "maxConcurrentActivityFunctions": "5" } } }`,
    },
    /"maxConcurrentActivityFunctions" must be a whole number above 0: "5"/,
  ],
  [
    "a visibility timeout below a minute",
    {
      "host.json": `{ "version": "2.0", "extensions": { "durableTask": { "storageProvider": { "controlQueueVisibilityTimeout": "00:00:59" } } } }`,
    },
    /"controlQueueVisibilityTimeout" must be a time from 00:01:00 to 01:00:00: "00:00:59"/,
  ],
  [
    "a visibility timeout above an hour",
    {
      "host.json": `{ "version": "2.0", "extensions": { "durableTask": { "storageProvider": { "workItemQueueVisibilityTimeout": "01:00:01" } } } }`,
    },
    /"workItemQueueVisibilityTimeout" must be a time from 00:01:00 to 01:00:00: "01:00:01"/,
  ],
  [
    "a queue without a connection",
    {
      "main.js": `
        import { app } from "@azure/functions";
        app.storageQueue("fromQueue", { queueName: "q", connection: "C", handler: () => {} });
      `,
    },
    /Cannot start function "fromQueue" because its connection is not set, .*: "C"$/,
  ],
  [
    "a queue batch size that Storage does not support",
    { "host.json": `{ "version": "2.0", "extensions": { "queues": { "batchSize": 33 } } }` },
    /"batchSize" must be at most 32: 33/,
  ],
  [
    "a queue time-out that is not a time",
    {
      "host.json": `{ "version": "2.0", "extensions": { "queues": { "visibilityTimeout": "5 minutes" } } }`,
    },
    /"visibilityTimeout" must be a time such as 00:00:30: "5 minutes"/,
  ],
  [
    "an unknown message encoding",
    {
      "host.json": `{ "version": "2.0", "extensions": { "queues": { "messageEncoding": "utf-8" } } }`,
    },
    /"messageEncoding" must be "base64" or "none": "utf-8"/,
  ],
  [
    "encrypted settings",
    { "local.settings.json": `{ "IsEncrypted": true, "Values": {} }` },
    /local.settings.json" because "IsEncrypted" must be false/,
  ],
  [
    "a setting that is an object",
    { "local.settings.json": `{ "Values": { "A": { "B": 1 } } }` },
    /"Values.A" must be text: \{"B":1\}/,
  ],
  [
    "a task hub named after a setting that is not set",
    {
      "host.json": `{ "version": "2.0", "extensions": { "durableTask": { "hubName": "%HUB_OF_TEST%" } } }`,
    },
    /the setting "HUB_OF_TEST" in host.json's hubName is not set: "%HUB_OF_TEST%"/,
  ],
  [
    "a task hub's name with a dash",
    {
      "host.json": `{ "version": "2.0", "extensions": { "durableTask": { "hubName": "my-hub" } } }`,
    },
    /a letter followed by 2 to 44 letters or digits: "my-hub"/,
  ],
  [
    "a package.json without main",
    { "package.json": `{ "type": "module" }` },
    /"main" is missing in its/,
  ],
  [
    "a main that matches nothing",
    { "package.json": `{ "type": "module", "main": "dist/*.js" }` },
    /no file matches "main" in its package.json: "dist\/\*\.js"/,
  ],
  [
    "an entry that throws",
    { "main.js": `throw new Error("no settings");` },
    /^Worker was unable to load entry point "main.js": no settings$/,
  ],
  [
    "a function of an unknown trigger and one with a retry policy",
    {
      "main.js": `
        import { app } from "@azure/functions";
        app.serviceBusQueue("fromQueue", { queueName: "q", connection: "c", handler: () => {} });
        app.timer("retried", {
          schedule: "0 * * * * *",
          retry: { strategy: "fixedDelay", maxRetryCount: 2, delayInterval: 1000 },
          handler: () => {},
        });
        app.get("fine", () => ({}));
      `,
    },
    /"fromQueue" uses serviceBusTrigger, which is not implemented; "retried" uses retry policy, which is not implemented$/,
  ],
  [
    "a route that cannot be read",
    {
      "main.js": `
        import { app } from "@azure/functions";
        app.get("one", { route: "a/{b:color}", handler: () => ({}) });
      `,
    },
    /it contains the unknown constraint "color": "api\/a\/\{b:color\}"/,
  ],
  [
    "a schedule that cannot be read",
    {
      "main.js": `
        import { app } from "@azure/functions";
        app.timer("one", { schedule: "0 60 * * * *", handler: () => {} });
      `,
    },
    /Cannot schedule function "one": .* its minute is not between 0 and 59: "60"/,
  ],
  [
    "an appStart hook that throws",
    { "main.js": `${oneFunction} app.hook.appStart(() => { throw new Error("not today"); });` },
    /^not today$/,
  ],
])("the host does not start, and cleans up, for %s", async (_, files, problem) => {
  const environment = { ...process.env };
  const directory = process.cwd();
  await expect(
    writtenApp({ "main.js": oneFunction, ...files }).then((app) => startSample(app)),
  ).rejects.toThrow(problem);
  expect(process.env).toEqual(environment);
  expect(process.cwd()).toBe(directory);
});

/** An app with its own copy of @azure/functions; a folder in `nested` has another one. */
async function appWithOwnLibrary(main: string, nested: readonly string[] = []): Promise<string> {
  const app = await writtenApp({
    "main.js": main,
    "node_modules/.keep": "",
    ...Object.fromEntries(nested.map((folder) => [`${folder}/main.js`, otherFunction])),
  });
  for (const folder of ["", ...nested]) {
    await mkdir(join(app, folder, "node_modules/@azure"), { recursive: true });
    for (const name of ["@azure/functions", "@azure/functions-extensions-base", "cookie"]) {
      await cp(join(installed, name), join(app, folder, "node_modules", name), { recursive: true });
    }
  }
  return app;
}

const otherFunction = oneFunction.replaceAll("one", "other");

test("an app with its own copy of @azure/functions starts after another app in this process", async () => {
  await startSample("web"); // uses the copy that is installed
  const host = await startSample(await appWithOwnLibrary(oneFunction));
  expect(await text(`${host.url}/api/one`)).toBe("one");
});

test("a second copy of @azure/functions in an app is rejected", async () => {
  const app = await appWithOwnLibrary(`import "./nested/main.js";\n${oneFunction}`, ["nested"]);
  await expect(startSample(app)).rejects.toThrow(
    /unable to load entry point "main.js": .*two copies of the library are installed/,
  );
});

test("app hooks run once each, first and last, and share their data", async () => {
  const app = await writtenApp({
    "main.js": `
      import { app } from "@azure/functions";
      app.hook.appStart(async (context) => { context.hookData.steps = ["start"]; });
      app.hook.appTerminate((context) => {
        context.hookData.steps.push("end");
        globalThis.stepsOfHooks = context.hookData.steps;
      });
      app.get("one", () => ({ body: "one" }));
    `,
  });
  const host = await startSample(app);
  expect(await text(`${host.url}/api/one`)).toBe("one");
  await host.close();
  expect(globalThis).toMatchObject({ stepsOfHooks: ["start", "end"] });
});

test("requests while the app starts get 503", async () => {
  const app = await writtenApp({
    "main.js": `
      import { app } from "@azure/functions";
      app.hook.appStart(async () => {
        const response = await fetch("http://" + process.env.WEBSITE_HOSTNAME + "/api/one");
        globalThis.responseWhileStarting = [response.status, await response.text()];
      });
      app.get("one", () => ({ body: "one" }));
    `,
  });
  const host = await startSample(app);
  const responseWhileStarting = [503, "Function host is not running."];
  expect(globalThis).toMatchObject({ responseWhileStarting });
  expect(await text(`${host.url}/api/one`)).toBe("one");
});

test("another durable engine can take the place of the local one", async () => {
  const calls: string[] = [];
  const host = await startSample("greeter", {
    openEngine: async ({ functions }) => ({
      clientBinding: () => "{}",
      handle: async ({ path }) => ({ status: 200, headers: {}, body: path }),
      start: () => void calls.push(...functions.orchestrators()),
      stop: async () => void calls.push("stop"),
    }),
  });
  expect(await text(`${host.url}/runtime/webhooks/durabletask/instances/a`)).toBe("instances/a");
  await host.close();
  expect(calls).toEqual(["greetLater", "stop"]);
});

test("a temporary task hub leaves no file behind", async () => {
  const app = await writtenApp({ "main.js": oneFunction });
  const host = await startSample(app);
  await host.close();
  expect((await readdir(app)).toSorted()).toEqual([
    "host.json",
    "main.js",
    "node_modules",
    "package.json",
  ]);
});

test("a function that a setting disables does not run", async () => {
  const environment = { "AzureWebJobs.echo.Disabled": "true" };
  const host = await startSample("web", { environment });
  expect(host.functions.map(({ name }) => name)).not.toContain("echo");
  expect((await fetch(`${host.url}/api/echo`)).status).toBe(404);
  expect((await fetch(`${host.url}/api/items/all`)).status).toBe(200);
});
