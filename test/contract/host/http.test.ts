import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { systemClock } from "../../../src/local/clock.ts";
import { startFunctionsHost } from "../../../src/local/host/host.ts";
import { startSample, temporaryDirectory } from "../../support/host/host.ts";

test("a request arrives whole: method, URL, parameters, joined query and headers, and the body's bytes", async () => {
  const host = await startSample("web");
  const response = await fetch(`${host.url}/API/Echo/a%20b/c/d%2Fe?x=1&X=2&empty=&plus=a+b`, {
    method: "POST",
    headers: { "X-One": "1", "content-type": "application/octet-stream" },
    body: new Uint8Array([0, 200, 10]),
  });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    method: "POST",
    url: `${host.url}/API/Echo/a%20b/c/d%2Fe?x=1&X=2&empty=&plus=a+b`,
    query: { x: "1,2", empty: "", plus: "a b" },
    params: { first: "a b", rest: "c/d%2Fe" },
    headers: { "x-one": "1", "content-type": "application/octet-stream" },
    body: "AMgK",
  });
});

test("parameters without a value are left out", async () => {
  const host = await startSample("web");
  const echoed = await (await fetch(`${host.url}/api/echo`)).json();
  expect(echoed).toMatchObject({ params: {}, query: {}, body: "" });
});

test.each([
  ["GET", "items/all", "literal"],
  ["GET", "items/7", "number 7"],
  ["GET", "items/-7", "number -7"],
  ["GET", "items/seven", "any seven"],
  ["GET", "items/4294967296", "any 4294967296"],
  ["GET", "ITEMS/ALL/", "literal"],
  ["DELETE", "items/all", "removed all"],
])(
  "%s %s goes to the most specific route that accepts the method",
  async (method, path, answer) => {
    const host = await startSample("web");
    const response = await fetch(`${host.url}/api/${path}`, { method });
    expect(await response.text()).toBe(answer);
  },
);

test.each([
  ["a verb that no function lists", "PATCH", "/api/items/7"],
  ["OPTIONS, where not listed", "OPTIONS", "/api/echo"],
  ["HEAD, where only GET is listed", "HEAD", "/api/literal"],
  ["an unknown path", "GET", "/api/unknown"],
  ["a path without the prefix", "GET", "/echo"],
])("%s gets 404", async (_, method, path) => {
  const host = await startSample("web");
  expect((await fetch(host.url + path, { method })).status).toBe(404);
});

test("HEAD returns the headers of GET without Content-Length, and no body", async () => {
  const host = await startSample("web");
  const response = await fetch(`${host.url}/api/echo`, { method: "HEAD" });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/json");
  expect(response.headers.get("content-length")).toBeNull();
  expect(response.headers.get("transfer-encoding")).toBeNull();
});

test("a body is sent in chunks; an empty one with its length", async () => {
  const host = await startSample("web");
  const framing = ({ headers }: Response) => [
    headers.get("transfer-encoding"),
    headers.get("content-length"),
  ];
  expect(framing(await fetch(`${host.url}/api/items/all`))).toEqual(["chunked", null]);
  expect(framing(await fetch(`${host.url}/api/fall`))).toEqual([null, "0"]);
  // Extensions send whole messages.
  const webhook = `${host.url}/runtime/webhooks/EventGrid?functionName=none`;
  expect(framing(await fetch(webhook))).toEqual([null, "28"]);
});

test.each(["GET", "HEAD"])("%s / is the host's page", async (method) => {
  const host = await startSample("web");
  const response = await fetch(host.url, { method });
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/html"]);
  expect(await response.text()).toContain(method === "GET" ? "Functions host" : "");
});

test("status, headers and bytes of a response arrive as the function returned them", async () => {
  const host = await startSample("web");
  const response = await fetch(`${host.url}/api/bytes`);
  expect(response.status).toBe(201);
  expect(response.headers.get("x-tag")).toBe("a");
  expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0, 255, 10]);
});

test("every cookie has its own header line, formatted as by ASP.NET", async () => {
  const host = await startSample("web");
  const response = await fetch(`${host.url}/api/cookies`);
  expect(response.headers.getSetCookie()).toEqual([
    "one=a%20b; path=/",
    "two=2; max-age=60; path=/x; secure; samesite=strict; httponly",
  ]);
});

test.each(["nothing", "noContent"])("a response without content gets 204: %s", async (name) => {
  const host = await startSample("web");
  const response = await fetch(`${host.url}/api/${name}`);
  expect([response.status, response.headers.get("content-length")]).toEqual([204, null]);
});

test("after an error the caller gets an empty 500, and the log has the whole error without keys and signatures", async () => {
  const host = await startSample("web");
  const response = await fetch(`${host.url}/api/fall?code=KEY`);
  expect([response.status, await response.text()]).toEqual([500, ""]);
  const lines = host.log.map(({ message }) => message).join("\n");
  expect(lines).toContain("fell, see https://x.example/?sig=***&code=***");
  expect(lines).toContain("main.js");
  expect(lines).toContain("about to fall");
  expect(JSON.stringify(host.log)).not.toMatch(/SECRET|KEY/);
});

test("a response that is not an object gets 500, and the log has the reason", async () => {
  const host = await startSample("web");
  expect((await fetch(`${host.url}/api/text`)).status).toBe(500);
  expect(host.log.map(({ message }) => message).join()).toContain("must be an object");
});

test("a chunked body is lost, as on the real host, and the log reports it", async () => {
  const host = await startSample("web");
  const body = new Blob(["lost"]).stream();
  // Streams are sent in chunks; fetch requires `duplex: "half"`.
  const init = { method: "POST", body, duplex: "half" as const };
  const response = await fetch(`${host.url}/api/echo`, init);
  expect(await response.json()).toMatchObject({ body: "" });
  expect(host.log).toContainEqual(
    expect.objectContaining({ level: "warning", message: expect.stringContaining("is lost") }),
  );
});

test("a body over 100 MB is rejected before it is read", async () => {
  const host = await startSample("web");
  const socket = connect(host.port, "127.0.0.1");
  socket.write("POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 104857601\r\n\r\n");
  const [answer] = await once(socket, "data");
  expect(String(answer)).toMatch(/^HTTP\/1.1 413 /);
  socket.destroy();
});

test("a client that disconnects, and one that does not speak HTTP, do no harm", async () => {
  const host = await startSample("web");
  const socket = connect(host.port, "127.0.0.1");
  socket.write("POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  await once(socket, "connect");
  socket.destroy();
  const garbage = connect(host.port, "127.0.0.1");
  garbage.end("not HTTP\r\n\r\n");
  const [answer] = await once(garbage, "data");
  expect(String(answer)).toMatch(/^HTTP\/1.1 400 /);
  expect((await fetch(`${host.url}/api/items/all`)).status).toBe(200);
});

test("each request leaves one line, without its query", async () => {
  const host = await startSample("web");
  await fetch(`${host.url}/api/items/7?code=KEY&sig=SECRET&other=private`);
  const lines = host.log.filter(({ kind }) => kind === "request");
  expect(lines).toEqual([
    {
      at: expect.any(Number),
      level: "information",
      kind: "request",
      subject: "GET /api/items/7",
      message: expect.stringMatching(/^200 in \d+ ms$/),
    },
  ]);
});

test("close waits for running requests, rejects new ones, and can be called twice", async () => {
  const host = await startSample("web");
  const held = fetch(`${host.url}/api/hold`);
  await fetch(`${host.url}/api/items/all`); // by now the first request has reached its function
  const closing = host.close();
  const refused = await fetch(`${host.url}/api/items/all`);
  expect([refused.status, await refused.text()]).toEqual([503, "Function host is not running."]);
  await host.invoke({ functionName: "release", trigger: releaseRequest });
  expect(await (await held).text()).toBe("held");
  await Promise.all([closing, host.close()]);
  await expect(fetch(`${host.url}/api/items/all`)).rejects.toThrow("fetch failed");
});

test("close waits until a response is sent completely", async () => {
  const host = await startSample("web");
  const response = await fetch(`${host.url}/api/large`); // the body is still being sent
  const closing = host.close();
  expect((await response.arrayBuffer()).byteLength).toBe(20_000_000);
  await closing;
});

test("a client that disconnected before its response delays nothing", async () => {
  const host = await startSample("web");
  const client = connect(host.port, "127.0.0.1");
  client.write("GET /api/hold HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await fetch(`${host.url}/api/items/all`); // by now the first request has reached its function
  client.destroy();
  await fetch(`${host.url}/api/items/all`); // and by now the host has noticed that the client disconnected
  await host.invoke({ functionName: "release", trigger: releaseRequest });
  await host.close();
  expect(host.log.map(({ message }) => message)).toContainEqual(
    expect.stringContaining("the client received no response"),
  );
});

test.each(["a@b", "me:pw@localhost", "localhost/api", "a?b", "a b", "[::1", "localhost:99999"])(
  "an invalid Host header is rejected: %s",
  async (header) => {
    const host = await startSample("web");
    const client = connect(host.port, "127.0.0.1");
    client.write(`GET /api/items/all HTTP/1.1\r\nHost: ${header}\r\n\r\n`);
    const [answer] = await once(client, "data");
    client.destroy();
    expect(String(answer)).toMatch(/^HTTP\/1\.1 400 /);
  },
);

test.each([
  ["with user information is rejected", "http://me:pw@localhost/api/items/all", 400],
  ["without user information is accepted", "http://localhost/api/items/all", 200],
])("a target in absolute form %s", async (_, target, status) => {
  const host = await startSample("web");
  const client = connect(host.port, "127.0.0.1");
  client.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  const [answer] = await once(client, "data");
  client.destroy();
  expect(String(answer)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
});

const releaseRequest = {
  http: {
    url: "http://localhost/api/release",
    method: "GET",
    nullableHeaders: {},
    nullableQuery: {},
    nullableParams: {},
  },
};

test("a port in use is named", async () => {
  const host = await startSample("web");
  const second = startFunctionsHost({
    appDirectory: await temporaryDirectory(),
    clock: systemClock(),
    port: host.port,
    stateFile: ":memory:",
    environment: {},
    log: () => {},
  });
  await expect(second).rejects.toThrow(
    `Cannot serve functions on port ${host.port} because it is in use. Set FUNCTIONS_PORT to another port, or to 0 for any free port`,
  );
});
