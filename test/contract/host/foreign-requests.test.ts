import { expect, test } from "vitest";
import { jsonOf, startSample, writtenApp } from "../../support/host/host.ts";
import type { SampleHost } from "../../support/host/host.ts";
import { exchange, send } from "../../support/host/raw-http.ts";

/*
 * Requests that a web page can send to the local host: under a name that resolves to this machine, and from its own
 * origin.
 */

const main = `
  import { app } from "@azure/functions";
  import * as df from "durable-functions";
  let calls = 0;
  app.http("free", {
    methods: ["GET", "HEAD", "POST", "OPTIONS"],
    authLevel: "anonymous",
    handler: ({ url }) => ({ status: 202, headers: { location: url }, body: "free " + ++calls }),
  });
  app.get("calls", () => ({ body: String(calls) }));
  app.eventGrid("received", { handler: () => { calls++; } });
  df.app.activity("count", { handler: () => { calls++; } });
  df.app.orchestration("quick", function* () { calls++; });
  app.get("binding", { extraInputs: [df.input.durableClient()], handler: (_, context) =>
    ({ jsonBody: context.extraInputs.get(df.input.durableClient()) }) });
`;

async function start(environment: Record<string, string> = {}): Promise<SampleHost> {
  return startSample(await writtenApp({ "main.js": main }), { environment });
}

const json = { "content-type": "application/json" };

const routes = [
  { what: "a function", path: "/api/free" },
  { what: "HEAD of a function", method: "HEAD", path: "/api/free" },
  { what: "OPTIONS of a function", method: "OPTIONS", path: "/api/free" },
  { what: "a function's body", method: "POST", path: "/api/free", body: "{}" },
  { what: "the list of instances", path: "/runtime/webhooks/durabletask/instances" },
  {
    what: "the start of an orchestration",
    method: "POST",
    path: "/runtime/webhooks/durabletask/orchestrators/quick",
    body: "{}",
  },
  {
    what: "an event for an instance",
    method: "POST",
    path: "/runtime/webhooks/durabletask/instances/a/raiseEvent/b",
    body: "{}",
  },
  { what: "a purge", method: "DELETE", path: "/runtime/webhooks/durabletask/instances/a" },
  { what: "the routes of the durable client", path: "/durabletask/instances" },
  { what: "the host's status", path: "/admin/host/status" },
  { what: "the keys", path: "/admin/host/systemkeys" },
  { what: "the ping", path: "/admin/host/ping" },
  { what: "running a function", method: "POST", path: "/admin/functions/count", body: "{}" },
  {
    what: "an event",
    method: "POST",
    path: "/runtime/webhooks/EventGrid?functionName=received",
    body: "[{}]",
  },
  {
    what: "the handshake for events",
    method: "OPTIONS",
    path: "/runtime/webhooks/EventGrid?functionName=received",
  },
  { what: "another extension's webhook", path: "/runtime/webhooks/other" },
  { what: "the host's page", path: "/" },
  { what: "an unknown path", path: "/nothing" },
];

const foreign = [
  { what: "a foreign Host", sent: { host: "evil.example:7071" }, status: 421 },
  { what: "a foreign Origin", sent: { origin: "https://evil.example" }, status: 403 },
  { what: "another site", sent: { "sec-fetch-site": "cross-site" }, status: 403 },
];

test.each(foreign)("$what is rejected on every route, and invokes nothing", async (row) => {
  for (const keys of ["", "master=m;default=h"]) {
    const host = await start({ FUNCTIONS_KEYS: keys });
    for (const { what, ...route } of routes) {
      const headers = { ...json, "x-functions-key": "m", ...row.sent };
      const response = await send(host.port, { ...route, headers });
      expect(response.status, what).toBe(row.status);
      expect(response.headers["content-type"], what).toBe("text/plain; charset=utf-8");
      if (route.method !== "HEAD") expect(response.text, what).toMatch(/^Cannot respond because /);
      expect(JSON.stringify(response), what).not.toContain("evil");
      expect(response.headers["access-control-allow-origin"], what).toBeUndefined();
    }
    expect(await (await fetch(`${host.url}/api/calls`)).text()).toBe("0");
    const [, sent = ""] = Object.entries(row.sent)[0] ?? [];
    expect(host.log).toContainEqual(
      expect.objectContaining({ level: "warning", message: expect.stringContaining(sent) }),
    );
    await host.close();
  }
});

test.each([
  "evil.example",
  "evil.example:7071",
  "EVIL.EXAMPLE",
  "localhost.evil.example",
  "127.0.0.1.evil.example",
  "evil-localhost",
  "evil.localhost",
  "localhost.",
  "localhosts",
  "localhost%2eevil.example",
  "localhost,evil.example",
  "0.0.0.0",
  "0",
  "127.0.0.2",
  "169.254.169.254",
  "192.168.0.2:7071",
  "[::]",
  "[::2]:7071",
  "[::ffff:127.0.0.1]",
  "host.docker.internal",
  "evil@127.0.0.1",
  "evil.example:80@127.0.0.1",
  "127.0.0.1/evil.example",
  "127.0.0.1?evil.example",
  "127.0.0.1#evil.example",
])("the Host %s is foreign", async (name) => {
  const { port } = await start();
  const { status } = await send(port, { path: "/api/free", headers: { host: name } });
  expect(status).toBe(/[@/?#]/.test(name) ? 400 : 421); // Kestrel parses the header, too
});

test.each([
  ["localhost", "http://localhost/api/free"],
  ["LocalHost:8080", "http://localhost:8080/api/free"],
  ["127.0.0.1", "http://127.0.0.1/api/free"],
  ["127.0.0.1:1", "http://127.0.0.1:1/api/free"],
  ["0x7f.1:9000", "http://127.0.0.1:9000/api/free"],
  ["[::1]", "http://[::1]/api/free"],
  ["[0:0::1]:7071", "http://[::1]:7071/api/free"],
])("the Host %s is this machine's on every port, and is in links as %s", async (name, location) => {
  const { port } = await start();
  const response = await send(port, { path: "/api/free", headers: { host: name } });
  expect([response.status, response.headers.location]).toEqual([202, location]);
});

test("the names of LOCAL_HOST_NAMES are this machine's too, and no others", async () => {
  const names = " host.docker.internal; DEVBOX ;;192.168.0.2;[fd00::1]";
  const { port } = await start({ LOCAL_HOST_NAMES: names });
  const statusOf = async (host: string, origin?: string) => {
    const headers = { host, ...(origin === undefined ? {} : { origin }) };
    return (await send(port, { path: "/api/free", headers })).status;
  };
  for (const name of ["host.docker.internal:7071", "devbox", "192.168.0.2:81", "[fd00::1]"]) {
    expect(await statusOf(name), name).toBe(202);
    expect(await statusOf("localhost", `http://${name}`), name).toBe(202);
    expect(await statusOf(name, "http://evil.example"), name).toBe(403);
  }
  for (const name of ["docker.internal", "a.devbox", "192.168.0.3", "[fd00::2]"]) {
    expect(await statusOf(name), name).toBe(421);
  }
});

test.each([
  "http://devbox",
  "devbox:7071",
  "*",
  "*.example",
  "a b",
  "a/b",
  "me@devbox",
  "[::1",
  "::1",
])("the start fails if LOCAL_HOST_NAMES contains %s", async (name) => {
  await expect(start({ LOCAL_HOST_NAMES: `good;${name}` })).rejects.toThrow(
    "Cannot use the setting LOCAL_HOST_NAMES because every part must be a host name or an address, " +
      `without scheme and port: "${name}"`,
  );
});

test.each([
  ["a foreign name and our Host", "http://evil.example/api/free", "localhost", 421],
  ["our name and a foreign Host", "http://localhost/api/free", "evil.example", 421],
  ["our names", "http://localhost:80/api/free", "127.0.0.1", 202],
  ["another scheme", "ftp://evil.example/api/free", "localhost", 421],
])("a target in absolute form with %s", async (_, target, name, status) => {
  const { port } = await start();
  const lines = [`GET ${target} HTTP/1.1`, `Host: ${name}`, "Connection: close", "", ""];
  const { head } = await exchange(port, lines.join("\r\n"));
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(head).not.toContain("evil");
});

test.each([
  "null",
  "",
  "https://evil.example",
  "http://evil.example:7071",
  "http://localhost.evil.example",
  "http://evil.localhost:7071",
  "http://127.0.0.1.evil.example",
  "http://localhost@evil.example",
  "http://192.168.0.2",
  "file://",
  "file://localhost",
  "chrome-extension://localhost",
  "localhost",
  "http://localhost, https://evil.example",
  "ftp://localhost",
  "ws://localhost",
  "http://evil.example@127.0.0.1",
  "http://evil.example:80@127.0.0.1:7071",
  "http://@localhost",
  "http://localhost/",
  "http://localhost/evil",
  "http://localhost?evil",
  "http://localhost#evil",
  "http:localhost",
  "http:\\\\localhost",
  "http://localhost:80",
  "http://127.1",
  "http://0x7f.1:7071",
  "http://[0::1]",
  "HTTPS://LOCALHOST",
])('the Origin "%s" is foreign', async (origin) => {
  const { port } = await start();
  for (const method of ["GET", "POST"]) {
    expect((await send(port, { method, path: "/api/free", headers: { origin } })).status).toBe(403);
  }
});

test.each([
  { origin: "http://localhost:3000" },
  { origin: "https://localhost" },
  { origin: "http://127.0.0.1:7071", "sec-fetch-site": "same-origin" },
  { origin: "http://[::1]:5173", "sec-fetch-site": "same-site" },
  { "sec-fetch-site": "none" },
  { referer: "https://evil.example/" },
  { "x-forwarded-host": "evil.example", forwarded: "host=evil.example" },
])("a request with %o is served", async (headers) => {
  const { port, url } = await start();
  const response = await send(port, { path: "/api/free", headers });
  expect([response.status, response.headers.location]).toEqual([202, `${url}/api/free`]);
});

test.each(["cross-site", "Cross-Site", "same-origin, cross-site"])(
  "Sec-Fetch-Site: %s is rejected, even for a page that the user opens by a link",
  async (site) => {
    const { port } = await start();
    const headers = { "sec-fetch-site": site, "sec-fetch-mode": "navigate" };
    expect((await send(port, { path: "/admin/host/status", headers })).status).toBe(403);
  },
);

test("the host is called by its address everywhere, because a name can lead to another process", async () => {
  const host = await start({ FUNCTIONS_KEYS: "master=m;default=h" });
  const address = `http://127.0.0.1:${host.port}`;
  expect(host.url).toBe(address);
  expect(host.eventGridUrl("received")).toMatch(new RegExp(`^${address}/`));
  expect(process.env["WEBSITE_HOSTNAME"]).toBe(`127.0.0.1:${host.port}`);
  const binding = await jsonOf(fetch(`${host.url}/api/binding`));
  expect(JSON.stringify(binding)).toContain(address);
  expect(JSON.stringify(binding)).not.toMatch(/localhost|::1/);
});
