import { expect, onTestFinished, test } from "vitest";
import { virtualClock } from "../../../src/local/clock.ts";
import { jsonOf, startSample, writtenApp } from "../../support/host/host.ts";

const keys = { master: "m+1", host: "h/1", another: "h-2", eventGrid: "e=1=" };

const environment = {
  FUNCTIONS_KEYS:
    `master=${keys.master}; default=${keys.host};second=${keys.another};` +
    `eventgrid_extension=${keys.eventGrid};`,
};

const main = `
  import { app } from "@azure/functions";
  import * as df from "durable-functions";
  const handler = () => ({ body: "open" });
  const methods = ["GET", "OPTIONS"];
  app.http("free", { methods, handler, authLevel: "anonymous" });
  app.http("guarded", { methods, handler, authLevel: "function" });
  app.http("ruled", { methods, handler, authLevel: "admin" });
  app.eventGrid("received", { handler: () => {} });
  df.app.orchestration("quick", function* () { return "done"; });
  df.app.client.http("start", {
    authLevel: "anonymous",
    handler: async (request, client) =>
      client.createCheckStatusResponse(request, await client.startNew("quick")),
  });
`;

const start = async () => startSample(await writtenApp({ "main.js": main }), { environment });

const withHeader = (key: string) => ({ headers: { "x-functions-key": key } });

test.each([
  ["free", undefined, 200],
  ["free", "wrong", 200],
  ["guarded", undefined, 401],
  ["guarded", "", 401],
  ["guarded", "wrong", 401],
  ["guarded", keys.host, 200],
  ["guarded", keys.another, 200],
  ["guarded", keys.master, 200],
  ["guarded", keys.eventGrid, 401],
  ["guarded", "local", 401],
  ["ruled", undefined, 401],
  ["ruled", keys.host, 401],
  ["ruled", keys.master, 200],
])("the function %s with the key %s: %i", async (name, key, status) => {
  const { url } = await start();
  const inHeader = await fetch(`${url}/api/${name}`, key === undefined ? {} : withHeader(key));
  const code = key === undefined ? "" : `?Code=${encodeURIComponent(key)}`;
  const inQuery = await fetch(`${url}/api/${name}${code}`);
  for (const response of [inHeader, inQuery]) {
    expect(response.status).toBe(status);
    expect(await response.text()).toBe(status === 200 ? "open" : "");
    expect(response.headers.get("www-authenticate")).toBeNull();
    if (status === 401) expect(response.headers.get("content-type")).toBeNull();
  }
});

test("the header wins over the query", async () => {
  const { url } = await start();
  const guarded = `${url}/api/guarded?code=${encodeURIComponent(keys.host)}`;
  expect((await fetch(guarded, withHeader("wrong"))).status).toBe(401);
});

test("OPTIONS needs a key too; a method that the function does not list still gets 404", async () => {
  const { url } = await start();
  expect((await fetch(`${url}/api/guarded`, { method: "OPTIONS" })).status).toBe(401);
  expect((await fetch(`${url}/api/guarded`, { method: "DELETE" })).status).toBe(404);
  expect((await fetch(`${url}/api/unknown`)).status).toBe(404);
});

test.each([
  "/admin/host/status",
  "/admin/host/keys",
  "/admin/functions",
  "/runtime/webhooks/EventGrid?functionName=received",
  "/runtime/webhooks/durabletask/instances/a",
  "/runtime/webhooks/other",
])(
  "%s without a known key gets an empty 401 that names Bearer, and 403 with a host key",
  async (path) => {
    const { url } = await start();
    for (const init of [{}, withHeader("wrong")]) {
      const response = await fetch(url + path, init);
      expect([response.status, await response.text()]).toEqual([401, ""]);
      expect(response.headers.get("www-authenticate")).toBe("Bearer");
    }
    const response = await fetch(url + path, withHeader(keys.host));
    expect([response.status, await response.text()]).toEqual([403, ""]);
    expect(response.headers.get("www-authenticate")).toBeNull();
  },
);

test("the ping is open; a path that is not an admin route gets 404", async () => {
  const { url } = await start();
  expect((await fetch(`${url}/admin/host/ping`)).status).toBe(200);
  expect((await fetch(`${url}/admin/other`)).status).toBe(404);
});

test("the master key opens the admin routes, which list the keys", async () => {
  const { url } = await start();
  const list = async (name: string) =>
    (await jsonOf(fetch(`${url}/admin/host/${name}`, withHeader(keys.master)))).keys;
  expect((await fetch(`${url}/admin/host/status`, withHeader(keys.master))).status).toBe(200);
  expect(await list("keys")).toEqual([
    { name: "default", value: keys.host },
    { name: "second", value: keys.another },
  ]);
  expect(await list("systemkeys")).toEqual([
    { name: "eventgrid_extension", value: keys.eventGrid },
    { name: "durabletask_extension", value: "local" },
  ]);
});

test("each webhook accepts its own system key or the master key", async () => {
  const { url } = await start();
  const status = async (path: string, key: string, method = "GET") =>
    (await fetch(url + path, { method, ...withHeader(key) })).status;
  const eventGrid = "/runtime/webhooks/EventGrid?functionName=received";
  expect(await status(eventGrid, keys.eventGrid, "OPTIONS")).toBe(200);
  expect(await status(eventGrid, keys.master, "OPTIONS")).toBe(200);
  expect(await status(eventGrid, "local", "OPTIONS")).toBe(403);
  expect(await status(eventGrid, "wrong", "HEAD")).toBe(404);
  const durable = "/runtime/webhooks/durabletask/instances/none";
  expect(await status(durable, "local")).toBe(404);
  expect(await status(durable, keys.eventGrid)).toBe(403);
  expect(await status("/runtime/webhooks/other", keys.master)).toBe(404);
});

test("the app's durable client and the URLs that it hands out have the key", async () => {
  const clock = virtualClock(Date.parse("2026-03-01T10:00:00Z"));
  onTestFinished(() => clock.dispose());
  const host = await startSample(await writtenApp({ "main.js": main }), { environment, clock });
  const { statusQueryGetUri } = await jsonOf(fetch(`${host.url}/api/start`, { method: "POST" }));
  await clock.settled();
  expect(await jsonOf(fetch(statusQueryGetUri))).toMatchObject({ runtimeStatus: "Completed" });
});

test("the URL for Event Grid has the key, even one that the host generated", async () => {
  const written = await start();
  expect(written.eventGridUrl("received")).toBe(
    `${written.url}/runtime/webhooks/EventGrid?functionName=received&code=e%3D1%3D`,
  );
  await written.close();
  const made = await startSample(await writtenApp({ "main.js": main }), {
    environment: { FUNCTIONS_KEYS: "master=m;default=d" },
  });
  const send = (url: string) =>
    fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", "aeg-event-type": "Notification" },
      body: "{}",
    });
  expect((await send(made.eventGridUrl("received"))).status).toBe(202);
  expect((await send(made.eventGridUrl("received").replace("code=", "code=a"))).status).toBe(401);
});

test("a host without keys requires none", async () => {
  const host = await startSample(await writtenApp({ "main.js": main }));
  expect((await fetch(`${host.url}/api/ruled`, withHeader("any"))).status).toBe(200);
  expect((await fetch(`${host.url}/admin/host/status`)).status).toBe(200);
  expect(host.eventGridUrl("received")).toBe(
    `${host.url}/runtime/webhooks/EventGrid?functionName=received`,
  );
});

test("the host does not start with keys that cannot be read", async () => {
  const app = await writtenApp({ "main.js": main });
  await expect(startSample(app, { environment: { FUNCTIONS_KEYS: "master" } })).rejects.toThrow(
    "Cannot use the setting FUNCTIONS_KEYS because every part must be name=value",
  );
});
